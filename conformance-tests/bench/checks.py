#!/usr/bin/env python3
"""What health checks cost: CPU of a program that checks N servers once a second, TCP connects and HTTP requests.

checks.py SERVERS SECONDS PROGRAM...: each program is started with one backend of SERVERS servers on loopback ports of
one origin, and after a warm-up its CPU time (all of its processes) over SECONDS is printed.
"""
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time

PORTS = 50


def origin(ports):
    """Answers every request with 200 and closes; runs in a process of its own."""
    async def serve(reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    async def main():
        servers = [await asyncio.start_server(serve, sock=sock, backlog=4096) for sock in ports]
        await asyncio.gather(*(server.serve_forever() for server in servers))

    asyncio.run(main())


def children(pid):
    """The process and all below it."""
    found = [pid]
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent = int(open(f"/proc/{other}/stat").read().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        if parent in found:
            found.append(int(other))
    return found


def cpu_seconds(pid):
    ticks = 0
    for one in children(pid):
        try:
            fields = open(f"/proc/{one}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def configuration(ports, servers, option):
    lines = [
        "global",
        "    nbthread 1",
        "defaults",
        "    mode http",
        "    timeout connect 5s",
        "    timeout client 5s",
        "    timeout server 5s",
        "backend be",
        f"    {option}",
    ]
    lines += [f"    server s{n} 127.0.0.1:{ports[n % len(ports)]} check inter 1s" for n in range(servers)]
    return "\n".join(lines) + "\n"


def main():
    servers, seconds, programs = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3:]
    sockets = []
    for _ in range(PORTS):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        sockets.append(sock)
    ports = [sock.getsockname()[1] for sock in sockets]
    pid = os.fork()
    if pid == 0:
        origin(sockets)
    try:
        time.sleep(0.5)
        for name, option in [("tcp", "option tcp-check"), ("http", "option httpchk GET /")]:
            for program in programs:
                with tempfile.NamedTemporaryFile("w", suffix=".cfg") as file:
                    file.write(configuration(ports, servers, option))
                    file.flush()
                    running = subprocess.Popen(
                        [program, "-db", "-f", file.name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                    )
                    time.sleep(3)
                    before = cpu_seconds(running.pid)
                    time.sleep(seconds)
                    used = cpu_seconds(running.pid) - before
                    running.terminate()
                    running.wait()
                per_check = used / (servers * seconds) * 1e6
                print(f"{name:5} {program}: {used / seconds * 100:.1f} % of a CPU, {per_check:.1f} us a check")
    finally:
        os.kill(pid, 9)


if __name__ == "__main__":
    main()
