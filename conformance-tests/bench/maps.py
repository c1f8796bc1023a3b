#!/usr/bin/env python3
"""Maps of many entries: time and peak memory of `-c` and of a start, all processes together, and the time of one
runtime change. MAP_ENTRIES (1,000,000) changes the size, MAP_WORKERS (2) the number of threads or workers."""

import os
import shutil
import socket
import subprocess
import threading
import time

import lab

ENTRIES = int(os.environ.get("MAP_ENTRIES", "1000000"))
WORKERS = int(os.environ.get("MAP_WORKERS", "2"))

KINDS = {
    "str": (lambda n: f"host{n}.example.org", "hdr(host)", "host{}.example.org"),
    "ip": (lambda n: f"{n // 16777216 + 10}.{n // 65536 % 256}.{n // 256 % 256}.{n % 256}", "hdr_ip(host)", "10.0.0.{}"),
    "int": (lambda n: str(n * 3), "hdr_val(host)", "{}"),
}


def write(directory, kind, port):
    key, fetch, _ = KINDS[kind]
    path = os.path.join(directory, f"{kind}.map")
    if not os.path.exists(path):
        with open(path, "w") as out:
            out.writelines(f"{key(n)} backend{n % 1000}\n" for n in range(ENTRIES))
    config = os.path.join(directory, f"{kind}.cfg")
    with open(config, "w") as out:
        out.write(f"""global
    nbthread {WORKERS}
    stats socket {directory}/{kind}.sock level admin
{lab.DEFAULTS}frontend fe
    bind 127.0.0.1:{port}
    http-request return status 200 hdr x %[{fetch},map_{kind}({path},none)]
""")
    return config, path


class Peak:
    """Watches the proportional memory of a process tree until it is stopped."""

    def __init__(self, pid):
        self.pid, self.highest, self.last, self.stopped = pid, 0, 0, False
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        while not self.stopped:
            self.last = 0
            for pid in lab.tree(self.pid):
                try:
                    for line in open(f"/proc/{pid}/smaps_rollup"):
                        if line.startswith("Pss:"):
                            self.last += int(line.split()[1]) * 1024
                except OSError:
                    pass
            self.highest = max(self.highest, self.last)
            time.sleep(0.02)

    def stop(self):
        self.stopped = True
        self.thread.join()


def served(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b"GET / HTTP/1.0\r\nHost: 1\r\n\r\n")
            return client.recv(12).startswith(b"HTTP/1")
    except OSError:
        return False


def command(path, text):
    begun = time.monotonic()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
        client.sendall(text.encode() + b"\n")
        while client.recv(65536):
            pass
    return time.monotonic() - begun


def measure(program, directory, kind):
    port = lab.free_port()
    config, path = write(directory, kind, port)
    begun = time.monotonic()
    checked = subprocess.run([program.path, "-c", "-q", "-f", config], env=program.environment,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    check = time.monotonic() - begun
    begun = time.monotonic()
    process = subprocess.Popen([program.path, "-db", "-f", config], env=program.environment,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak = Peak(process.pid)
    ready = None
    while checked.returncode == 0 and time.monotonic() - begun < 300 and process.poll() is None:
        if served(port):
            ready = time.monotonic() - begun
            break
        time.sleep(0.01)
    time.sleep(1)
    settled, highest = peak.last, peak.highest
    socket_path = os.path.join(directory, f"{kind}.sock")
    key = KINDS[kind][0](7)
    changes = [command(socket_path, f"set map {path} {key} changed{n}") for n in range(20)] if ready else [0]
    peak.stop()
    process.terminate()
    process.wait()
    mib = lambda size: f"{size / 1048576:.0f}"
    return (f"{program.name}, {kind}", f"{check:.2f}", f"{ready:.2f}" if ready else "never", mib(highest), mib(settled),
            f"{changes[0] * 1000:.1f}", f"{sorted(changes)[len(changes) // 2] * 1000:.2f}", mib(peak.last))


def main():
    directory = lab.workdir()
    rows = []
    try:
        for program in lab.programs(("weir", "HAProxy 2.8")):
            rows.extend(measure(program, directory, kind) for kind in KINDS)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    lab.table(f"Maps of {ENTRIES} entries, {WORKERS} workers",
              ("", "check s", "start s", "start peak MiB", "settled MiB", "first change ms", "a change ms",
               "after changes MiB"), rows)


main()
