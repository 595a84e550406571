"""What is told of the networks of a search."""

from pyramid.engine.listener import TOO_LATE
from pyramid.engine.table_trials import accounted
from pyramid.training.candidate import Result, Status


def test_every_network_that_was_thought_of_is_told_of_in_order():
    ended = {name: Result(name, "deepnet", "randomly_initialize", Status.FINISHED, "") for name in ("00002", "00000")}
    told = accounted(ended, ["00000", "00001", "00003"])
    assert [result.name for result in told] == ["00000", "00001", "00002", "00003"]
    assert [result.status for result in told] == [Status.FINISHED, Status.SKIPPED, Status.FINISHED, Status.SKIPPED]
    assert told[1].reason == TOO_LATE
