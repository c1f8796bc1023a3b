#!/usr/bin/env python3
"""Many certificates in one directory: time and memory of `-c`, of a start, and processor time of a reload in which none
of them changed. CERTIFICATES (5000) says how many, CERTIFICATES_WORKERS ("1 2") with how many threads or workers.

The certificates have keys on an elliptic curve and two names each; they are made with Python's `cryptography`."""

import datetime
import multiprocessing
import os
import shutil
import signal
import socket
import ssl
import time

import lab
from load_10k import Peak, check

COUNT = int(os.environ.get("CERTIFICATES", "5000"))
WORKERS = [int(word) for word in os.environ.get("CERTIFICATES_WORKERS", "1 2").split()]


def make(job):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    directory, numbers = job
    begin = datetime.datetime(2025, 1, 1)
    issuer_key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Bench")])
    for number in numbers:
        key = ec.generate_private_key(ec.SECP256R1())
        name = f"site{number}.example.org"
        names = [x509.DNSName(name), x509.DNSName("www." + name)]
        certificate = (x509.CertificateBuilder()
                       .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
                       .issuer_name(issuer).public_key(key.public_key()).serial_number(number + 1)
                       .not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=36500))
                       .add_extension(x509.SubjectAlternativeName(names), False)
                       .sign(issuer_key, hashes.SHA256()))
        with open(f"{directory}/site{number:06}.pem", "wb") as out:
            out.write(certificate.public_bytes(serialization.Encoding.PEM))
            out.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption()))


def make_all(directory):
    os.makedirs(directory)
    parts = os.cpu_count() or 1
    with multiprocessing.Pool(parts) as pool:
        pool.map(make, [(directory, range(part, COUNT, parts)) for part in range(parts)])


def write_config(path, port, certificates, workers):
    with open(path, "w") as out:
        out.write(f"""global
    nbthread {workers}
    maxconn 1000

defaults
    mode http
    timeout connect 5s
    timeout client 30s
    timeout server 30s

frontend fe
    bind 127.0.0.1:{port} ssl crt {certificates}
    http-request return status 200
""")


def served(port, number):
    """Whether the site's own certificate is served."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    name = f"site{number}.example.org"
    try:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            with context.wrap_socket(client, server_hostname=name) as encrypted:
                return name.encode() in encrypted.getpeercert(True)
    except OSError:
        return False


def await_served(port, number, seconds=300):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if served(port, number):
            return True
        time.sleep(0.01)
    return False


def each_cpu(running):
    """Processor seconds of each process."""
    each = {}
    for pid in running.pids():
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        each[pid] = (int(fields[11]) + int(fields[12])) / lab.TICK
    return each


def growth(before, after):
    """What was spent in between by processes that are there afterwards: HAProxy begins a new one."""
    return sum(spent - before.get(pid, 0) for pid, spent in after.items())


def run(program, path, port):
    """Start: seconds, peak and settled memory; reload: processor seconds of all processes, and memory after it."""
    begun = time.monotonic()
    running = program.start(open(path).read(), os.path.dirname(path), arguments=("-db", "-W"))
    peak = Peak(running.process.pid)
    ready = time.monotonic() - begun if await_served(port, COUNT - 1) else None
    time.sleep(1)
    _, settled = running.memory()
    highest = peak.stop()
    started = each_cpu(running)
    begun, before = time.monotonic(), dict(started)
    running.process.send_signal(signal.SIGUSR2)
    # A reload is over when nothing is spent any more.
    while True:
        time.sleep(0.5)
        now = each_cpu(running)
        if growth(before, now) < 0.02 and time.monotonic() - begun > 2:
            break
        before = now
    spent, reload = sum(started.values()), growth(started, now)
    serves = served(port, COUNT // 2)
    _, after = running.memory()
    running.stop()
    return ready, highest, settled, spent, reload, after, serves


def main():
    lab.raise_descriptor_limit()
    directory = lab.workdir()
    certificates = os.path.join(directory, "certificates")
    try:
        begun = time.monotonic()
        make_all(certificates)
        print(f"{COUNT} certificates made in {time.monotonic() - begun:.0f} s")
        mib = lambda size: f"{size / 1048576:.0f}"
        for workers in WORKERS:
            rows = []
            for program in lab.programs(("weir", "HAProxy 2.6", "HAProxy 2.8")):
                path = os.path.join(directory, "many.cfg")
                port = lab.free_port()
                write_config(path, port, certificates, workers)
                seconds, cpu, peak, status, said = check(program, path)
                if status != 0:
                    print(f"left out: {program.name} refuses it: {said}")
                    continue
                ready, highest, settled, spent, reload, after, serves = run(program, path, port)
                rows.append((program.name, f"{seconds:.2f}", mib(peak), f"{ready:.2f}" if ready else "never",
                             mib(highest), mib(settled), f"{spent:.2f}", f"{reload:.2f}", mib(after),
                             "yes" if serves else "no"))
            lab.table(f"{COUNT} certificates, {workers} workers", (
                "", "check s", "check peak MiB", "start s", "peak MiB", "settled MiB", "start CPU s", "reload CPU s",
                "MiB after", "serves"), rows)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
