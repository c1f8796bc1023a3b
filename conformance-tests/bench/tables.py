#!/usr/bin/env python3
"""Memory of an entry of a stick table, all processes together: TABLE_KEYS (200000) keys set by runtime commands.
How fast several processes count in one table is measured by `cargo run --release -p weir-shm --example tables`."""

import os
import shutil
import socket
import time

import lab

KEYS = int(os.environ.get("TABLE_KEYS", "200000"))
AT_ONCE = 200


def config(port, directory):
    return f"""global
    nbthread 2
    stats socket {directory}/cli.sock level admin

{lab.DEFAULTS}
frontend fe
    bind 127.0.0.1:{port}
    stick-table type ip size 1m expire 1h store gpc0,http_req_rate(10s)
"""


def fill(path):
    for first in range(0, KEYS, AT_ONCE):
        lines = []
        for key in range(first, min(first + AT_ONCE, KEYS)):
            address = ".".join(str(10 * (place == 24) + (key >> place) % 256) for place in (24, 16, 8, 0))
            lines.append(f"set table fe key {address} data.gpc0 1")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(path)
            client.sendall(";".join(lines).encode() + b"\n")
            while client.recv(65536):
                pass


def main():
    directory = lab.workdir()
    rows = []
    for program in lab.programs(("weir", "HAProxy 2.6", "HAProxy 2.8")):
        port = lab.free_port()
        running = program.start(config(port, directory), directory, wait_port=port)
        _, before = running.memory()
        begun = time.monotonic()
        fill(f"{directory}/cli.sock")
        seconds = time.monotonic() - begun
        _, after = running.memory()
        used = lab.ask(f"{directory}/cli.sock", "show table").split("used:")[1].split()[0]
        rows.append([program.name, used, f"{(after - before) / int(used):.0f}", f"{int(used) / seconds:.0f}"])
        running.stop()
        os.unlink(f"{directory}/cli.sock") if os.path.exists(f"{directory}/cli.sock") else None
    lab.table("Stick table: key ip, gpc0, http_req_rate", ["", "entries", "bytes each", "set a second"], rows)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
