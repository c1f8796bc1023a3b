#!/usr/bin/env python3
"""HTTP/2 from clients: processor time of the proxy per request and per stream that is opened and reset, and what a
connection holds whose streams all wait. One worker against one thread, in alternating runs.

BENCH_SECONDS (3) for one run, BENCH_ROUNDS (5). Everything shares this machine: compare ratios, not figures."""

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import time

import lab

SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
RESETS = 100000
WAITING = 5

# Title, connections, streams at once on each.
LOADS = {
    "one": ("H2 requests, 1 stream at a time", 32, 1),
    "many": ("H2 requests, 100 streams at a time", 4, 100),
}

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING = 0, 1, 3, 4, 6
WHOLE = 5


def config(port, origin, silent):
    return f"""global
    nbthread 1
    maxconn 8000

defaults
    mode http
    timeout connect 5s
    timeout client 300s
    timeout server 300s

frontend http
    bind 127.0.0.1:{port}
    use_backend silent if {{ path /wait }}
    default_backend origin

backend origin
    server s1 127.0.0.1:{origin}

backend silent
    server s1 127.0.0.1:{silent}
"""


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def length(count):
    """An HPACK integer of seven bits."""
    if count < 127:
        return bytes([count])
    out, count = [127], count - 127
    while count >= 128:
        out.append(count & 127 | 128)
        count >>= 7
    return bytes([*out, count])


def head(path, extra=b""):
    """GET over http, by the static table; `extra` is the value of one more field."""
    block = b"\x82\x86\x04" + length(len(path)) + path + b"\x01\x01h"
    return block + (b"\0\x01x" + length(len(extra)) + extra if extra else b"")


def connect(port, settings=b""):
    client = socket.create_connection(("127.0.0.1", port))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))
    return client


def until_ping(client, mark):
    """Reads until the PING with this payload is answered. False: the connection ended."""
    wanted = frame(PING, 1, 0, mark)
    seen = b""
    while piece := client.recv(1 << 16):
        seen = seen[-len(wanted):] + piece
        if wanted in seen:
            return True
    return False


def load(running, port, connections, streams):
    before = running.cpu_seconds()
    command = ["h2load", "-D", str(SECONDS), "-c", str(connections), "-m", str(streams), "-t", "1"]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}/"], capture_output=True, text=True).stdout
    time.sleep(0.05)
    spent = running.cpu_seconds() - before
    counts = re.search(r"requests: \d+ total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed", said)
    done, failed = (int(counts[1]), int(counts[2])) if counts else (0, -1)
    return done / SECONDS, spent / max(done, 1) * 1e6, failed


def reset(running, port, _connections, _streams):
    """Streams opened and reset at once, a hundred pairs and a PING in each write."""
    before = running.cpu_seconds()
    client = connect(port)
    block = head(b"/")
    done, failed = 0, 0
    begun = time.monotonic()
    for first in range(1, 2 * RESETS, 200):
        pairs = b"".join(
            frame(HEADERS, WHOLE, stream, block) + frame(RST_STREAM, 0, stream, b"\0\0\0\x08")
            for stream in range(first, first + 200, 2)
        )
        mark = struct.pack(">Q", first)
        client.sendall(pairs + frame(PING, 0, 0, mark))
        if not until_ping(client, mark):
            failed = 1
            break
        done += 100
    seconds = time.monotonic() - begun
    client.close()
    time.sleep(0.05)
    return done / seconds, (running.cpu_seconds() - before) / max(done, 1) * 1e6, failed


def compare(title, contenders, run, *arguments):
    lab.compare_costs(title, ("per second", "CPU us each"), ROUNDS, contenders,
                      lambda running, port: run(running, port, *arguments))


def waiting(contenders):
    """Connections whose hundred streams have heads of 6 kB and wait for the server."""
    rows, costs = [], {}
    for running, port in contenders:
        held = []
        for count in (1, WAITING):
            _, before = running.memory()
            for _ in range(count):
                client = connect(port)
                for stream in range(1, 200, 2):
                    client.sendall(frame(HEADERS, WHOLE, stream, head(b"/wait", b"y" * 6000)))
                client.sendall(frame(PING, 0, 0, b"waiting."))
                until_ping(client, b"waiting.")
                held.append(client)
            time.sleep(1)
        _, after = running.memory()
        for client in held:
            client.close()
        costs[running.program.name] = (after - before) / WAITING / 1024
    reference = min((c for n, c in costs.items() if n.startswith("HAProxy")), default=None)
    for name, cost in costs.items():
        rows.append((name, f"{cost:.0f}", f"{cost / reference:.2f}" if reference else "-"))
    lab.table("100 waiting streams with heads of 6 kB", ("", "KiB/connection", "ratio to HAProxy"), rows)


def main():
    if not shutil.which("h2load"):
        raise SystemExit("h2load is needed: conformance-tests/set-up measure, or apt-get install nghttp2-client")
    lab.raise_descriptor_limit()
    chosen = sys.argv[1:] or [*LOADS, "reset", "waiting"]
    directory = lab.workdir()
    origin, origin_port = lab.origin(directory)
    silent = socket.create_server(("127.0.0.1", 0), backlog=4096)
    contenders = []

    def start():
        while contenders:
            contenders.pop()[0].stop()
        for program in lab.programs(("weir", "HAProxy 2.6", "HAProxy 2.8")):
            port = lab.free_port()
            text = config(port, origin_port, silent.getsockname()[1])
            contenders.append((program.start(text, directory, wait_port=port), port))

    try:
        start()
        for key, (title, connections, streams) in LOADS.items():
            if key in chosen:
                compare(title, contenders, load, connections, streams)
        if "reset" in chosen:
            compare("H2 streams opened and reset at once", contenders, reset, 0, 0)
        if "waiting" in chosen:
            # Memory that other runs left free would hide what is taken.
            start()
            waiting(contenders)
    finally:
        for running, _ in contenders:
            running.stop()
        origin.stop()
        silent.close()
        shutil.rmtree(directory, ignore_errors=True)


main()
