#!/usr/bin/env python3
"""What rules cost: processor time of the proxy per kept-alive request without rules, with 100 rules that change headers,
and with 1,000 rules each under an ACL of its own, none of which matches. One worker beside one thread.
RULE_SECONDS (3) is how long each measurement lasts."""

import os
import shutil

import lab

SECONDS = int(os.environ.get("RULE_SECONDS", "3"))


def headers():
    for n in range(25):
        yield f"    http-request set-header x-set-{n} value-%[src]-{n}"
        yield f"    http-request add-header x-add-{n} fixed"
        yield f"    http-request del-header x-missing-{n}"
        yield f"    http-response set-header x-answer-{n} %[status]"


def acls():
    tests = ("path_beg /private/{n}/", "hdr(host) -i host{n}.example.org", "src 10.{n}.0.0/16", "path_reg ^/api/v{n}/[a-z]+$",
             "method PUT", "hdr_cnt(x-{n}) gt 3", "cook(session{n}) -m found", "path_end .ext{n}")
    for n in range(1000):
        test = tests[n % len(tests)].format(n=n % 250)
        yield f"    acl acl{n} {test}"
        yield f"    http-request deny if acl{n}"


CASES = {"no rules": lambda: (), "100 header rules": headers, "1,000 ACLs": acls}


def config(port, origin, rules):
    lines = "\n".join(rules)
    return f"""global
    nbthread 1
    maxconn 1000
{lab.DEFAULTS}
frontend fe
    bind 127.0.0.1:{port}
{lines}
    default_backend be
backend be
    server s 127.0.0.1:{origin}
"""


def measure(program, directory, origin, rules):
    port = lab.free_port()
    running = program.start(config(port, origin, rules), directory, wait_port=port)
    try:
        url = f"http://127.0.0.1:{port}/path/of/some/length"
        lab.wrk(url, 1, 8)
        before = running.cpu_seconds()
        result = lab.wrk(url, SECONDS, 8)
        used = running.cpu_seconds() - before
    finally:
        running.stop()
    if result["errors"]:
        raise SystemExit(f"{program.name}: {result['said']}")
    return used / result["requests"] * 1e6


def main():
    directory = lab.workdir()
    origin, origin_port = lab.origin(directory, "/path/of/some/length")
    rows = []
    try:
        programs = lab.programs(("weir", "HAProxy 2.6", "HAProxy 2.8"))
        for case, rules in CASES.items():
            each = [measure(program, directory, origin_port, rules()) for program in programs]
            row = [f"{case}, {program.name}" for program in programs]
            rows.extend((name, f"{used:.1f}", f"{used / each[0]:.2f}") for name, used in zip(row, each))
    finally:
        origin.stop()
        shutil.rmtree(directory, ignore_errors=True)
    lab.table("Processor time per request", ("", "us", "beside weir"), rows)


main()
