#!/usr/bin/env python3
"""Reload storm: 200 reloads between two configurations that add and remove servers, routes and a listener, under HTTP
load with and without keep-alive, with 100 open WebSockets and 100 streaming TCP connections.

STORM_RELOADS (200), STORM_HELD (100) connections of each kind, STORM_WORKERS (2)."""

import asyncio
import os
import re
import shutil
import signal
import time

import lab

RELOADS = int(os.environ.get("STORM_RELOADS", "200"))
HELD = int(os.environ.get("STORM_HELD", "100"))
WORKERS = int(os.environ.get("STORM_WORKERS", "2"))
LONGEST_WAIT = 10.0
# Headers of the requests: with keep-alive and without.
LOADS = ((), ("Connection: close",))


def config(plan, ports, origin, echo, directory):
    """Odd plans have a server, a backend, a route and a listener more."""
    extra = plan % 2 == 1
    text = f"""global
    nbthread {WORKERS}
    maxconn 4000
    stats socket {directory}/cli.sock level admin

defaults
    mode http
    timeout connect 5s
    timeout client 300s
    timeout server 300s
    timeout tunnel 300s

frontend fe
    bind 127.0.0.1:{ports['http']}
    http-request return status 200 content-type text/plain string "plan {plan}" if {{ path /plan }}
    use_backend sockets if {{ hdr(upgrade) -i websocket }}
"""
    if extra:
        text += "    use_backend added if { path_beg /added }\n"
    text += f"""    default_backend be

backend be
    balance roundrobin
    server s1 127.0.0.1:{origin}
    server s2 127.0.0.1:{origin}
"""
    if extra:
        text += f"    server s3 127.0.0.1:{origin}\n\nbackend added\n    server s1 127.0.0.1:{origin}\n"
    text += f"""
backend sockets
    server w1 127.0.0.1:{echo}

listen stream
    mode tcp
    bind 127.0.0.1:{ports['tcp']}
    server t1 127.0.0.1:{echo}
"""
    if extra:
        text += f"\nfrontend added-listener\n    bind 127.0.0.1:{ports['extra']}\n    http-request return status 200\n"
    return text


async def echo_server(reader, writer):
    """Mirrors bytes; a request for an upgrade is first answered with 101."""
    try:
        while piece := await reader.read(65536):
            if piece.startswith(b"GET "):
                piece = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                         b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
            writer.write(piece)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


class Held:
    """A long-lived connection that sends a numbered message every tenth of a second and wants it back."""

    def __init__(self, port, upgrade):
        self.port, self.upgrade = port, upgrade
        self.closed, self.rounds = False, 0

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        if self.upgrade:
            self.writer.write(b"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                              b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            head = await self.reader.readuntil(b"\r\n\r\n")
            if b" 101 " not in head:
                raise RuntimeError(f"no upgrade: {head!r}")
        self.task = asyncio.create_task(self.run())

    async def run(self):
        try:
            while True:
                message = f"message {self.rounds:012}".encode()
                self.writer.write(message)
                if await self.reader.readexactly(len(message)) != message:
                    break
                self.rounds += 1
                await asyncio.sleep(0.1)
        except (OSError, asyncio.IncompleteReadError):
            pass
        self.closed = True


async def plan_in_force(port):
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /plan HTTP/1.0\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
    except (OSError, asyncio.TimeoutError):
        return None
    found = re.search(rb"plan (\d+)", answer)
    return int(found[1]) if found else None


async def reload(running, plan, port):
    """One reload; the seconds until new connections meet the new plan."""
    begun = signalled = time.monotonic()
    running.process.send_signal(signal.SIGUSR2)
    while time.monotonic() - begun < LONGEST_WAIT:
        if await plan_in_force(port) == plan:
            return time.monotonic() - begun
        if time.monotonic() - signalled > 1:
            # A signal that met a reload still under way may have been dropped.
            running.process.send_signal(signal.SIGUSR2)
            signalled = time.monotonic()
        await asyncio.sleep(0.002)
    return None


def counters(directory):
    """Requests and sessions of the frontend since its start."""
    reply = lab.ask(os.path.join(directory, "cli.sock"), "show stat")
    lines = [line.split(",") for line in reply.splitlines() if line]
    header = [name.lstrip("# ") for name in lines[0]]
    for line in lines[1:]:
        row = dict(zip(header, line))
        if row.get("pxname") == "fe" and row.get("svname") == "FRONTEND":
            return int(row["req_tot"]), int(row["stot"])
    return 0, 0


async def load(port, seconds, headers):
    command = ["wrk", "-t1", "-c8", f"-d{seconds}s", "--timeout", "10s"]
    for header in headers:
        command += ["-H", header]
    process = await asyncio.create_subprocess_exec(
        *command, f"http://127.0.0.1:{port}/", stdout=asyncio.subprocess.PIPE)
    return process


async def storm(program, directory):
    lab.free_port.next += 10
    ports = {name: lab.free_port() for name in ("http", "tcp", "extra")}
    echo = await asyncio.start_server(echo_server, "127.0.0.1", 0, backlog=512)
    echo_port = echo.sockets[0].getsockname()[1]
    origin, origin_port = lab.origin(directory)
    arguments = ("-W", "-db")
    running = program.start(config(0, ports, origin_port, echo_port, directory), directory, arguments, ports["http"])
    try:
        held = [Held(ports["http"], True) for _ in range(HELD)] + [Held(ports["tcp"], False) for _ in range(HELD)]
        for connection in held:
            await connection.open()
        # What the loads alone take is not the reloads'.
        for headers in LOADS:
            lab.wrk(f"http://127.0.0.1:{ports['http']}/", 2, 8, headers)
        memory_before = running.memory()[1]
        processes_before = len(running.pids())
        loads = [await load(ports["http"], 3600, headers) for headers in LOADS]
        delays, missed, backwards = [], 0, 0
        last = (0, 0)
        for plan in range(1, RELOADS + 1):
            with open(running.config_path, "w") as out:
                out.write(config(plan, ports, origin_port, echo_port, directory))
            delay = await reload(running, plan, ports["http"])
            if delay is None:
                missed += 1
            else:
                delays.append(delay)
            try:
                now = counters(directory)
            except OSError:
                now = last
            backwards += now < last
            last = now
        processes_peak = len(running.pids())
        memory_peak = running.memory()[1]
        failed = requests = 0
        for process in loads:
            process.send_signal(signal.SIGINT)
            said = (await process.communicate())[0].decode()
            result = lab.parse_wrk(said)
            failed += result["errors"]
            requests += result["requests"]
        await asyncio.sleep(1)
        closed = [sum(c.closed for c in held[:HELD]), sum(c.closed for c in held[HELD:])]
        for connection in held:
            connection.writer.close()
            connection.task.cancel()
        await asyncio.sleep(3)
        memory_after = running.memory()[1]
        mib = lambda size: f"{size / 1048576:.1f}"
        return (program.name, requests, failed, closed[0], closed[1], missed,
                f"{lab.median(delays) * 1000:.0f}" if delays else "-", processes_before, processes_peak,
                len(running.pids()), mib(memory_before), mib(memory_peak), mib(memory_after), backwards)
    finally:
        running.stop()
        origin.stop()
        echo.close()


def main():
    lab.raise_descriptor_limit()
    rows = []
    for program in lab.programs(("weir", "HAProxy 2.6", "HAProxy 2.8")):
        directory = lab.workdir()
        try:
            rows.append(asyncio.run(storm(program, directory)))
        except RuntimeError as error:
            print(f"left out: {error}")
        finally:
            shutil.rmtree(directory, ignore_errors=True)
    lab.table(f"{RELOADS} reloads, {HELD} WebSockets and {HELD} TCP streams held, {WORKERS} workers", (
        "", "requests", "failed", "WS closed", "TCP closed", "reloads missed", "ms to new plan", "processes before",
        "at the end", "later", "MiB before", "at the end", "later", "counters went back"), rows)


main()
