"""A bare client: PUT and GET of small manifests on kept-alive sockets, nothing judged. Prints its requests a second.

Usage: bare-client.py URL CONNECTIONS SECONDS
"""
import hashlib
import multiprocessing
import socket
import sys
import time
from urllib.parse import urlsplit


def answer(stream):
    """Reads a response whose length is announced; returns status and Location."""
    status = int(stream.readline().split()[1])
    length, location = 0, None
    while (line := stream.readline().strip()):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        elif name.lower() == b"location":
            location = value.strip().decode()
    stream.read(length)
    return status, location


def work(host, port, number, seconds, total):
    sock = socket.create_connection((host, port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stream = sock.makefile("rb")
    repo = f"bare/{int(time.time())}/{number}"

    def send(method, target, body=b"", kind="application/octet-stream"):
        head = f"{method} {target} HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        accept = "Accept: application/vnd.oci.image.manifest.v1+json\r\n\r\n"
        sock.sendall((head + accept).encode() + body)
        return answer(stream)

    config = b'{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'
    digest = "sha256:" + hashlib.sha256(config).hexdigest()
    _, location = send("POST", f"/v2/{repo}/blobs/uploads/")
    location = "/" + location.split("/", 3)[3] if "://" in location else location
    send("PUT", location + ("&" if "?" in location else "?") + f"digest={digest}", config)
    kind = "application/vnd.oci.image.manifest.v1+json"
    count, start = 0, time.monotonic()
    while time.monotonic() - start < seconds:
        body = ('{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"%s","size":%d},'
                '"layers":[],"annotations":{"n":"%d"}}' % (digest, len(config), count)).encode()
        send("PUT", f"/v2/{repo}/manifests/t{count}", body, kind)
        send("GET", f"/v2/{repo}/manifests/sha256:{hashlib.sha256(body).hexdigest()}")
        send("GET", f"/v2/{repo}/manifests/t{count}")
        count += 3
    with total.get_lock():
        total.value += int(count / (time.monotonic() - start))


if __name__ == "__main__":
    url = urlsplit(sys.argv[1])
    total = multiprocessing.Value("i", 0)
    workers = [
        multiprocessing.Process(target=work, args=(url.hostname, url.port or 80, n, float(sys.argv[3]), total))
        for n in range(int(sys.argv[2]))
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(total.value)
