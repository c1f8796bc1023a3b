#!/usr/bin/env python3
"""Crash test: under load, each child is killed (SIGKILL) and stopped (SIGSTOP, then SIGKILL after 2 s) in turn, then as many
workers end by a panic (`debug dev panic`). Counted: failed requests, held connections lost, and how long until there are
as many children as before. CRASH_WORKERS (4).

HAProxy has one worker process: beside weir it shows what a crash costs without several."""

import asyncio
import os
import re
import shutil
import signal
import socket
import time

import lab

WORKERS = int(os.environ.get("CRASH_WORKERS", "4"))
HELD = int(os.environ.get("CRASH_HELD", "100"))


def config(port, origin, directory):
    return f"""global
    nbthread {WORKERS}
    maxconn 4000
    stats socket {directory}/cli.sock level admin

defaults
    mode http
    timeout connect 5s
    timeout client 300s
    timeout server 300s

frontend fe
    bind 127.0.0.1:{port}
    default_backend be

backend be
    server s1 127.0.0.1:{origin}
"""


def children(running):
    """The processes below the first one. Under weir the controller is among them."""
    return [pid for pid in running.pids() if pid != running.process.pid]


class Held:
    """An idle kept-alive connection; `lost` when it is closed."""

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        await self.ask()

    async def ask(self):
        self.writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head.lower())[1])
        await self.reader.readexactly(length)

    async def is_lost(self):
        try:
            await asyncio.wait_for(self.ask(), 3)
            return False
        except (OSError, asyncio.IncompleteReadError, asyncio.TimeoutError):
            return True


def panic(directory):
    """Ends one worker, whichever takes it."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(f"{directory}/cli.sock")
        client.sendall(b"expert-mode on; debug dev panic\n")
        try:
            client.recv(1024)
        except OSError:
            pass  # HAProxy's only worker took the connection with it


async def blow(running, port, victim, kind, directory):
    held = [Held() for _ in range(HELD)]
    for connection in held:
        await connection.open(port)
    before = children(running)
    command = ["wrk", "-t1", "-c8", "-d4s", "--timeout", "5s", "-H", "Connection: close", f"http://127.0.0.1:{port}/"]
    load = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    await asyncio.sleep(1)
    begun = time.monotonic()
    if kind == "panic":
        panic(directory)
    else:
        os.kill(victim, signal.SIGSTOP if kind == "SIGSTOP" else signal.SIGKILL)
    replaced = None
    stopped = kind == "SIGSTOP"
    while time.monotonic() - begun < 5 and running.process.poll() is None:
        # Who has nobody to see it is ended from here.
        if stopped and time.monotonic() - begun > 2:
            os.kill(victim, signal.SIGKILL)
            stopped = False
        now = children(running)
        gone = victim not in now if kind != "panic" else any(child not in now for child in before)
        if len(now) >= len(before) and gone:
            replaced = time.monotonic() - begun
            break
        await asyncio.sleep(0.005)
    result = lab.parse_wrk((await load.communicate())[0].decode())
    lost = sum([await connection.is_lost() for connection in held])
    for connection in held:
        connection.writer.close()
    alive = "yes" if running.process.poll() is None and lab.answers(port) else "no"
    return (running.program.name, kind, result["requests"], result["errors"], f"{lost}/{HELD}",
            f"{replaced * 1000:.0f}" if replaced is not None else "never", alive)


async def crash(program, directory, rows):
    port = lab.free_port()
    origin, origin_port = lab.origin(directory)
    text = config(port, origin_port, directory)
    running = program.start(text, directory, ("-W", "-db"), port)
    try:
        for kind in ("SIGKILL", "SIGSTOP", "panic"):
            for number in range(WORKERS + 1 if program.name == "weir" else 1):
                if running.process.poll() is not None:
                    running = program.start(text, directory, ("-W", "-db"), port)
                while program.name == "weir" and len(children(running)) < WORKERS + 1:
                    await asyncio.sleep(0.01)
                victims = sorted(children(running))
                rows.append(await blow(running, port, victims[number % len(victims)], kind, directory))
    finally:
        running.stop()
        origin.stop()


def main():
    lab.raise_descriptor_limit()
    rows = []
    for program in lab.programs(("weir", "HAProxy 2.8")):
        directory = lab.workdir()
        try:
            asyncio.run(crash(program, directory, rows))
        except RuntimeError as error:
            print(f"left out: {error}")
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    lab.table(f"each child killed under load, {WORKERS} workers", (
        "", "blow", "requests", "failed", "held connections lost", "ms to replacement", "serves after"), rows)


main()
