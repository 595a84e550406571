"""Whether a Ray cluster answers at an address, told within seconds: Ray itself would try for half a minute or more."""

import time
from collections.abc import Callable
from typing import Any

import grpc  # type: ignore[import-untyped]
from ray._private import services
from ray._private.gcs_utils import create_gcs_channel
from ray.core.generated import gcs_pb2, gcs_service_pb2, gcs_service_pb2_grpc, ray_client_pb2, ray_client_pb2_grpc
from ray.exceptions import RayError

from pyramid.errors import ConfigError

#: Seconds for one question. With imports and messages, an address that does not answer is told in 15 s.
PATIENCE = 8.0

#: What the address of a cluster's server for clients begins with.
CLIENT = "ray://"

_TOKEN = (
    "its token is another one: set RAY_AUTH_MODE=token, and RAY_AUTH_TOKEN_PATH or RAY_AUTH_TOKEN as its head has them"
)


def probe(address: str) -> None:
    """Ask the cluster at ``address`` (RAY_ADDRESS: host:port, auto or ray://host:port) whether it is there.

    Raises:
        ConfigError: nobody answers in time, what answers is no Ray, wants another token, or this machine is not one of
            the cluster's.
    """
    if address.startswith(CLIENT):
        _ask(address, address.removeprefix(CLIENT).split("?")[0].rstrip("/"), _ping)
        return
    if "://" in address:
        raise ConfigError(
            [f"RAY_ADDRESS: {address!r} is no address of a cluster; use host:port, auto or ray://host:port"]
        )
    try:
        place = services.canonicalize_bootstrap_address(address)
    except (ValueError, OSError) as error:  # a ConnectionError, when auto finds none, is an OSError
        raise ConfigError([f"RAY_ADDRESS: no Ray cluster at {address!r}: {error}"]) from error
    _wait_for_a_node_here(address, str(place))


def _wait_for_a_node_here(address: str, place: str) -> None:
    """A driver talks to a node of its own machine; one that has just been started may take a while to be known."""
    end = time.monotonic() + PATIENCE
    while not _ask(address, place, _nodes) & services.find_node_ids():
        if time.monotonic() > end:
            raise ConfigError(
                [
                    f"RAY_ADDRESS: this machine is no node of the Ray cluster at {address}; make it one with"
                    f" `ray start --address={place}`, or send the job there with `ray job submit`"
                ]
            )
        time.sleep(0.5)


def _ask(address: str, place: str, question: Callable[[Any], Any]) -> Any:
    try:
        with create_gcs_channel(place) as channel:
            return question(channel)
    except RayError as error:  # the file with the token cannot be read
        raise ConfigError([f"RAY_ADDRESS: {address} cannot be asked: {str(error).split('. ')[0]}"]) from error
    except grpc.RpcError as error:
        raise ConfigError([f"RAY_ADDRESS: no Ray cluster answers at {address}: {_reason(error)}"]) from error


def _reason(error: Any) -> str:
    match error.code():
        case grpc.StatusCode.UNAUTHENTICATED:
            return _TOKEN
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return f"silent for {PATIENCE:g} s"
        case grpc.StatusCode.UNIMPLEMENTED:
            return "what listens there is another service (a head's port is 6379, that of ray:// 10001)"
    return str(error.details())


def _nodes(channel: Any) -> set[str]:
    """The ids of the cluster's nodes that live."""
    stub = gcs_service_pb2_grpc.NodeInfoGcsServiceStub(channel)
    reply = stub.GetAllNodeInfo(gcs_service_pb2.GetAllNodeInfoRequest(), timeout=PATIENCE)
    return {node.node_id.hex() for node in reply.node_info_list if node.state == gcs_pb2.GcsNodeInfo.ALIVE}


def _ping(channel: Any) -> None:
    request = ray_client_pb2.ClusterInfoRequest(type=ray_client_pb2.ClusterInfoType.PING)
    # The server tells its clients apart by this, and refuses a call without it.
    ray_client_pb2_grpc.RayletDriverStub(channel).ClusterInfo(request, PATIENCE, (("client_id", "probe"),))
