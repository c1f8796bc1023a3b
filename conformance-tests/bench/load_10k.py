#!/usr/bin/env python3
"""A configuration of 10,000 backends with 5 servers each: time and peak memory of `-c` and of a start, all processes
together. LOAD_BACKENDS and LOAD_SERVERS change the size, LOAD_WORKERS (2) the number of threads or workers."""

import os
import resource
import shutil
import subprocess
import threading
import time

import lab

BACKENDS = int(os.environ.get("LOAD_BACKENDS", "10000"))
SERVERS = int(os.environ.get("LOAD_SERVERS", "5"))
WORKERS = int(os.environ.get("LOAD_WORKERS", "2"))


def write_config(path, port):
    with open(path, "w") as out:
        out.write(f"""global
    nbthread {WORKERS}
    maxconn 4000

{lab.DEFAULTS}
frontend fe
    bind 127.0.0.1:{port}
    http-request return status 200 if {{ path /ready }}
""")
        for number in range(BACKENDS):
            out.write(f"    use_backend be{number} if {{ hdr(host) host{number}.example.org }}\n")
        for number in range(BACKENDS):
            out.write(f"\nbackend be{number}\n    balance roundrobin\n")
            for server in range(SERVERS):
                address = f"10.{number // 250 % 250}.{number % 250}.{server + 1}:8080"
                out.write(f"    server s{server} {address} weight {server + 1}\n")


def check(program, path):
    """Seconds and peak resident bytes of `-c`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    process = subprocess.Popen([program.path, "-c", "-q", "-f", path], env=program.environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    peak = Peak(process.pid)
    said = process.stderr.read()
    status = process.wait()
    seconds = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, peak.stop(), status, said.decode(errors="replace")[-300:]


class Peak:
    """Watches the proportional memory of a process tree until it is stopped."""

    def __init__(self, pid):
        self.pid, self.highest, self.stopped = pid, 0, False
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.stopped:
            total = 0
            for pid in lab.tree(self.pid):
                try:
                    for line in open(f"/proc/{pid}/smaps_rollup"):
                        if line.startswith("Pss:"):
                            total += int(line.split()[1]) * 1024
                except OSError:
                    pass
            self.highest = max(self.highest, total)
            time.sleep(0.01)

    def stop(self):
        self.stopped = True
        self.thread.join()
        return self.highest


def start(program, path, port):
    """Seconds until it serves, and peak and settled memory of all its processes."""
    begun = time.monotonic()
    process = subprocess.Popen([program.path, "-db", "-f", path], env=program.environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = Peak(process.pid)
    running = lab.Running(program, process, path, os.devnull)
    ready = None
    while time.monotonic() - begun < 120 and process.poll() is None:
        if served(port):
            ready = time.monotonic() - begun
            break
        time.sleep(0.005)
    time.sleep(1)
    _, settled = running.memory()
    highest = peak.stop()
    running.stop()
    return ready, highest, settled


def served(port):
    import socket
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b"GET /ready HTTP/1.0\r\n\r\n")
            return client.recv(12).startswith(b"HTTP/1")
    except OSError:
        return False


def main():
    directory = lab.workdir()
    rows = []
    try:
        for program in lab.programs(("weir", "HAProxy 2.6", "HAProxy 2.8")):
            path = os.path.join(directory, "10k.cfg")
            port = lab.free_port()
            write_config(path, port)
            results = [check(program, path) for _ in range(3)]
            if results[0][3] != 0:
                print(f"left out: {program.name} refuses it: {results[0][4]}")
                continue
            seconds, cpu = min(r[0] for r in results), min(r[1] for r in results)
            peak = max(r[2] for r in results)
            ready, highest, settled = start(program, path, port)
            mib = lambda size: f"{size / 1048576:.0f}"
            rows.append((program.name, f"{seconds:.2f}", f"{cpu:.2f}", mib(peak),
                         f"{ready:.2f}" if ready else "never", mib(highest), mib(settled)))
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    lab.table(f"{BACKENDS} backends with {SERVERS} servers each, {WORKERS} workers",
              ("", "check s", "check CPU s", "check peak MiB", "start s", "start peak MiB", "settled MiB"), rows)


if __name__ == "__main__":
    main()
