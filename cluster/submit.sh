#!/usr/bin/env bash
# Send a configuration to a Ray cluster and follow it to its end.
# Usage: cluster/submit.sh [--command NAME] [--no-wait] CONFIG.json [ARGUMENT ...]
#        cluster/submit.sh --token                         make the token, if there is none, and end
# NAME is pyramid_search (the default) or pyramid_train; an ARGUMENT goes to it, for example --resume DIR.
# The folder of CONFIG.json goes to the cluster, 512 MB at most, and is where the job starts: paths relative to it hold there.
# RAY_API_SERVER_ADDRESS   the head's dashboard (http://127.0.0.1:8265, the near end of a tunnel)
# RAY_AUTH_TOKEN_PATH      the file with the token (~/.pyramid/ray_token)
# PYRAMID_VENV             where pyramid is installed (~/.virtualenvs/pyramid)
# Exit code: 0 the job succeeded, 1 it failed, 2 it was never sent.
set -euo pipefail

stop() { echo "cluster/submit.sh: $1" >&2; exit 2; }

command=pyramid_search
waiting=()
token_only=
while [ $# -gt 0 ]; do
    case $1 in
        --command) [ $# -ge 2 ] || stop "--command needs a name"; command=$2; shift 2 ;;
        --no-wait) waiting=(--no-wait); shift ;;
        --token) token_only=yes; shift ;;
        --help | -h) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0"; exit 0 ;;
        -*) stop "unknown option '$1'; use --command, --no-wait or --token" ;;
        *) break ;;
    esac
done
case $command in
    pyramid_search | pyramid_train) ;;
    *) stop "unknown command '$command'; use pyramid_search or pyramid_train" ;;
esac

# The token: whoever has it runs code on the cluster, so nobody else may read it.
whose=RAY_AUTH_TOKEN
if [ -z "${RAY_AUTH_TOKEN:-}" ]; then
    token=${RAY_AUTH_TOKEN_PATH:-$HOME/.pyramid/ray_token}
    if ! [ -s "$token" ]; then
        (
            umask 077
            mkdir -p "$(dirname "$token")"
            head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$token.$$"
            mv "$token.$$" "$token"
        ) 2>/dev/null || stop "cannot write a token to $token; set RAY_AUTH_TOKEN_PATH to another file"
        echo "a new token is in $token: every node and every client of the cluster needs it"
    fi
    [ -r "$token" ] || stop "cannot read the token in $token"
    [ -z "$(find "$token" -perm /077)" ] || stop "others may read the token in $token; chmod 600 $token"
    export RAY_AUTH_TOKEN_PATH=$token
    whose=$token
fi
export RAY_AUTH_MODE=token
[ -z "$token_only" ] || exit 0

[ $# -ge 1 ] || stop "name a configuration: cluster/submit.sh CONFIG.json"
config=$1
shift
[ -f "$config" ] || stop "no file $config"
bin=${PYRAMID_VENV:-$HOME/.virtualenvs/pyramid}/bin
[ -x "$bin/ray" ] || stop "no Ray in $bin; run bin/install cluster, or set PYRAMID_VENV"

folder=$(cd "$(dirname "$config")" && pwd)
results=$("$bin/python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["output_directory"])' "$config" 2>/dev/null) ||
    stop "$config is no JSON object with the key output_directory"
case $results in
    /* | *://*) ;;
    *) stop "output_directory is '$results', which would lie in a folder that ends with the job; give an absolute path that all nodes see, or a URI" ;;
esac
megabytes=$(du -sm "$folder" | cut -f1)
[ "$megabytes" -le 512 ] || stop "$folder goes to the cluster and has $megabytes MB, of 512 at most; put $config into a folder of its own"

export RAY_API_SERVER_ADDRESS=${RAY_API_SERVER_ADDRESS:-http://127.0.0.1:8265}
unset RAY_ADDRESS
if ! answer=$(timeout 15 "$bin/ray" job list --log-style record 2>&1 </dev/null); then
    case $answer in
        *401* | *403* | *uthenticat*) stop "the cluster at $RAY_API_SERVER_ADDRESS has another token than $whose" ;;
        *) stop "no Ray cluster answers at $RAY_API_SERVER_ADDRESS; is the tunnel open (ray dashboard, kubectl port-forward)? Set RAY_API_SERVER_ADDRESS for another address" ;;
    esac
fi

id=pyramid-$(date +%Y%m%d-%H%M%S)-$$
echo "sending $config to $RAY_API_SERVER_ADDRESS as $id"
echo "results: $results"
echo "Ctrl-C ends the watching, not the job; ray job stop $id ends that"
code=0
"$bin/ray" job submit --submission-id "$id" --working-dir "$folder" --log-style record ${waiting[@]+"${waiting[@]}"} \
    -- "$command" "$(basename "$config")" "$@" </dev/null || code=1
if [ -n "${waiting[*]-}" ]; then
    [ $code = 0 ] || stop "the cluster did not take the job"
    echo "look at it: ray job status $id; ray job logs --follow $id"
elif [ $code = 0 ]; then
    echo "$id succeeded; results: $results"
else
    echo "cluster/submit.sh: $id failed; what it had written is in $results" >&2
fi
exit $code
