#!/usr/bin/env python3
"""Requests per second and processor time of the proxy per request, one worker against one thread, in alternating runs.
Over TLS too: kept alive by wrk, and handshakes by `openssl s_time`, where a request is a connection.

BENCH_SECONDS (3) for one run, BENCH_ROUNDS (5), BENCH_IDLE (5000) idle connections; `bench.py small close` picks
cases. Load generator, proxy and origin share this machine: compare ratios, not figures."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time

import lab

SECONDS = int(os.environ.get("BENCH_SECONDS", "3"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
IDLE = int(os.environ.get("BENCH_IDLE", "5000"))

CASES = {
    "small": ("small, kept alive", "http", "/", 32, ()),
    "close": ("connection per request", "http", "/", 32, ("Connection: close",)),
    "large": ("1 MiB bodies", "http", "/1m", 8, ()),
    "tls": ("TLS: small, kept alive", "https", "/", 32, ()),
    "tls-large": ("TLS: 1 MiB bodies", "https", "/1m", 8, ()),
    "tls-full": ("TLS 1.3: full handshakes", "handshake", ("-new", "-tls1_3"), 2, ()),
    "tls-resumed": ("TLS 1.2: resumed handshakes", "handshake", ("-reuse", "-tls1_2"), 2, ()),
    "tcp": ("raw TCP", "tcp", "/", 32, ()),
    "tcp-large": ("raw TCP, 1 MiB", "tcp", "/1m", 8, ()),
}


def haproxy_config(http, https, tcp, origin, certificate):
    return f"""global
    nbthread 1
    maxconn 8000

defaults
    timeout connect 5s
    timeout client 300s
    timeout server 300s
    timeout http-keep-alive 300s

frontend http
    mode http
    bind 127.0.0.1:{http}
    bind 127.0.0.1:{https} ssl crt {certificate} alpn http/1.1
    default_backend origin

backend origin
    mode http
    server s1 127.0.0.1:{origin}

listen tcp
    mode tcp
    bind 127.0.0.1:{tcp}
    server s1 127.0.0.1:{origin}
"""


def nginx_config(http, https, tcp, origin, certificate, directory):
    head = lab.NGINX_HEAD.format(dir=directory, name="nginx")
    module = "/usr/lib/nginx/modules/ngx_stream_module.so"
    stream = ""
    if os.path.exists(module):
        head = f"load_module {module};\n" + head
        stream = f"stream {{ server {{ listen 127.0.0.1:{tcp}; proxy_pass 127.0.0.1:{origin}; }} }}\n"
    return head + "http {" + lab.NGINX_HTTP.format(dir=directory, name="nginx") + f"""
    upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; keepalive_requests 100000000; }}
    server {{
        listen 127.0.0.1:{http} backlog=8192;
        listen 127.0.0.1:{https} ssl backlog=8192;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        ssl_session_cache shared:tls:10m;
        location / {{
            proxy_pass http://origin;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_max_temp_file_size 0;
        }}
    }}
}}
{stream}"""


def start(program, origin, directory, certificate):
    http, https, tcp = lab.free_port(), lab.free_port(), lab.free_port()
    if program.family == "nginx":
        config = nginx_config(http, https, tcp, origin, certificate, directory)
    else:
        config = haproxy_config(http, https, tcp, origin, certificate)
    running = program.start(config, directory, wait_port=http)
    return running, {"http": http, "https": https, "handshake": https, "tcp": tcp}


def make_certificate(directory):
    """A certificate with its key, an elliptic curve's as most sites have it."""
    key, crt, path = (os.path.join(directory, name) for name in ("site.key", "site.crt", "site.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-keyout", key, "-out", crt, "-days", "30", "-subj", "/CN=localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    with open(path, "w") as out:
        out.write(open(crt).read() + open(key).read())
    return path


def handshakes(port, options, clients):
    """Connections by so many clients, one after the other each."""
    command = ["openssl", "s_time", "-connect", f"127.0.0.1:{port}", "-time", str(SECONDS), *options]
    begun = time.monotonic()
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
               for _ in range(clients)]
    said = [client.communicate()[0] for client in running]
    counts = [re.findall(r"(\d+) connections in \d+ real seconds", text) for text in said]
    errors = sum(not count for count in counts)
    # The last figure is of what was asked for; -reuse tells of the first, full handshake before.
    return {"requests": sum(int(count[-1]) for count in counts if count), "errors": errors,
            "seconds": time.monotonic() - begun}


def measure(running, port, mode, path, connections, headers):
    before = running.cpu_seconds()
    if mode == "handshake":
        result = handshakes(port, path, connections)
    else:
        scheme = "https" if mode == "https" else "http"
        result = lab.wrk(f"{scheme}://127.0.0.1:{port}{path}", SECONDS, connections, headers)
    # The last ticks are booked when the processes are next scheduled.
    time.sleep(0.05)
    spent = running.cpu_seconds() - before
    requests = max(result["requests"], 1)
    return result["requests"] / result["seconds"], spent / requests * 1e6, result["errors"]


def run_case(key, contenders):
    title, mode, path, connections, headers = CASES[key]
    if mode == "tcp":
        contenders = [(running, ports) for running, ports in contenders if lab.answers(ports["tcp"])]
    lab.compare_costs(title, ("requests/s", "CPU us/request"), ROUNDS, contenders,
                      lambda running, ports: measure(running, ports[mode], mode, path, connections, headers))


def idle_memory(contenders):
    rows = []
    costs = {}
    for running, ports in contenders:
        each, before = running.memory()
        held = []
        request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
        for _ in range(IDLE):
            client = socket.create_connection(("127.0.0.1", ports["http"]))
            client.sendall(request)
            client.recv(4096)
            held.append(client)
        _, after = running.memory()
        for client in held:
            client.close()
        cost = (after - before) / IDLE
        costs[running.program.name] = cost
        rows.append([running.program.name, len(each), f"{max(each.values()) / 1048576:.1f}",
                     f"{before / 1048576:.1f}", f"{cost / 1024:.2f}"])
    reference = min((c for n, c in costs.items() if n.startswith("HAProxy")), default=None)
    for row in rows:
        row.append(f"{costs[row[0]] / reference:.2f}" if reference else "-")
    lab.table(f"{IDLE} idle kept-alive connections", (
        "", "processes", "largest MiB", "all MiB (proportional)", "KiB/connection", "ratio to HAProxy"), rows)


def main():
    lab.raise_descriptor_limit()
    chosen = sys.argv[1:] or [*CASES, "idle"]
    directory = lab.workdir()
    certificate = make_certificate(directory)
    origin, origin_port = lab.origin(directory)
    contenders = []

    def begin():
        for running, _ in contenders:
            running.stop()
        contenders.clear()
        for program in lab.programs():
            try:
                contenders.append(start(program, origin_port, directory, certificate))
            except RuntimeError as error:
                print(f"left out: {error}")

    try:
        begin()
        for key in chosen:
            if key != "idle":
                run_case(key, contenders)
        if "idle" in chosen:
            # Anew: what a load left in a program's own pools would be connections that cost nothing.
            if len(chosen) > 1:
                begin()
            idle_memory(contenders)
    finally:
        for running, _ in contenders:
            running.stop()
        origin.stop()
        shutil.rmtree(directory, ignore_errors=True)


main()
