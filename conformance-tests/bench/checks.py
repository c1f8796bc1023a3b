#!/usr/bin/env python3
"""What health checks cost: processor time of a program that checks CHECK_SERVERS (5000) servers once a second, by TCP
connections and by HTTP requests, over CHECK_SECONDS (10) after the first round."""

import os
import shutil
import time

import lab

SERVERS = int(os.environ.get("CHECK_SERVERS", "5000"))
SECONDS = float(os.environ.get("CHECK_SECONDS", "10"))


def config(origin, option, port):
    servers = "\n".join(f"    server s{n} 127.0.0.1:{origin} check inter 1s" for n in range(SERVERS))
    return f"""global
    nbthread 1

{lab.DEFAULTS}
frontend fe
    bind 127.0.0.1:{port}
    http-request return status 200

backend be
    {option}
{servers}
"""


def measure(program, directory, origin, option):
    """Processor microseconds of a check, and checks done of those due. A busy machine does fewer: only beside each other, in
    one run, do figures mean something."""
    port = lab.free_port()
    running = program.start(config(origin, option, port), directory, wait_port=port)
    try:
        time.sleep(3)
        begun, processor, opened = time.monotonic(), running.cpu_seconds(), connections()
        time.sleep(SECONDS)
        seconds = time.monotonic() - begun
        done = connections() - opened
        return (running.cpu_seconds() - processor) / done * 1e6, done / (SERVERS * seconds)
    finally:
        running.stop()


def connections():
    """Connections that this machine has opened since it started (`Tcp: ActiveOpens`)."""
    names, values = [line.split() for line in open("/proc/net/snmp") if line.startswith("Tcp:")]
    return int(values[names.index("ActiveOpens")])


def main():
    lab.raise_descriptor_limit()
    directory = lab.workdir()
    origin, origin_port = lab.origin(directory)
    try:
        for option in ("option tcp-check", "option httpchk GET /"):
            measured = [(program.name, *measure(program, directory, origin_port, option))
                        for program in lab.programs(("HAProxy 2.8", "weir"))]
            base = measured[0][1]
            rows = [[name, f"{cost:.1f}", f"{done:.2f}", f"{cost / base:.2f}"] for name, cost, done in measured]
            lab.table(f"{SERVERS} servers checked once a second: {option}",
                      ["", "us of a check", "checks done of those due", "ratio"], rows)
    finally:
        origin.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
