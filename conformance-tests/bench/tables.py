#!/usr/bin/env python3
"""Stick tables: TABLE_KEYS (1000000) keys drawn at random by four workers, so many tracked with every request that the table
is what a request costs. Updates a second, processor time of an update, and memory of an entry, all processes together.

TABLE_SECONDS (10) of load after as long for filling. How fast processes count without a proxy around them is measured by
`cargo run --release -p weir-shm --example tables`."""

import os
import shutil

import lab

KEYS = int(os.environ.get("TABLE_KEYS", "1000000"))
SECONDS = int(os.environ.get("TABLE_SECONDS", "10"))
WORKERS = 4
TRACKED = 100


def config(port, directory):
    track = "\n".join(f"    http-request track-sc{n} rand({KEYS}) table keys" for n in range(TRACKED))
    return f"""global
    nbthread {WORKERS}
    tune.stick-counters {TRACKED}
    stats socket {directory}/cli.sock level admin

{lab.DEFAULTS}
backend keys
    stick-table type integer size {KEYS} expire 1h store gpc0,http_req_rate(10s)

frontend fe
    bind 127.0.0.1:{port}
{track}
    http-request return status 200
"""


def measure(program, directory):
    port = lab.free_port()
    socket = f"{directory}/cli.sock"
    running = program.start(config(port, directory), directory, wait_port=port)
    try:
        _, before = running.memory()
        lab.wrk(f"http://127.0.0.1:{port}/", SECONDS, 16)
        _, after = running.memory()
        used = int(lab.ask(socket, "show table").split("used:")[1].split()[0])
        processor = running.cpu_seconds()
        result = lab.wrk(f"http://127.0.0.1:{port}/", SECONDS, 16)
        processor = running.cpu_seconds() - processor
        updates = result["requests"] * TRACKED
        return used, (after - before) / used, updates / result["seconds"], processor / updates * 1e9
    finally:
        running.stop()
        if os.path.exists(socket):
            os.unlink(socket)


def main():
    directory = lab.workdir()
    measured = [(program.name, measure(program, directory))
                for program in lab.programs(("HAProxy 2.8", "weir"))]
    base = measured[0][1]
    rows = [[name, used, f"{size:.0f}", f"{rate:.0f}", f"{cost:.0f}",
             f"{size / base[1]:.2f}", f"{rate / base[2]:.2f}", f"{cost / base[3]:.2f}"]
            for name, (used, size, rate, cost) in measured]
    lab.table(f"Stick table: {KEYS} keys, {WORKERS} workers, integer, gpc0 and http_req_rate", [
        "", "entries", "bytes each", "updates a second", "ns of an update", "bytes, ratio", "updates, ratio", "ns, ratio"
    ], rows)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
