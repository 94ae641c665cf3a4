#!/usr/bin/env python3
"""A registry of which only the size is real: 100,000 tags and 20,000 referrers in pages, and blobs of any length.

large.py PORT: serves until SIGTERM. An upload is hashed and forgotten; a blob comes back as zeros of its length.
"""
import hashlib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

TAGS, TAGS_IN_PAGE = 100_000, 1_000
REFERRERS, REFERRERS_IN_PAGE = 20_000, 500
manifests, lengths = {}, {}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def take(self, keep):
        left, hashed, kept = int(self.headers.get("Content-Length") or 0), hashlib.sha256(), []
        while left and (piece := self.rfile.read(min(left, 1 << 20))):
            left -= len(piece)
            hashed.update(piece)
            if keep:
                kept.append(piece)
        return "sha256:" + hashed.hexdigest(), b"".join(kept)

    def do_POST(self):
        self.take(False)
        self.answer(202, Location=self.path.split("?")[0].rstrip("/") + "/1")

    def do_PUT(self):
        is_manifest = "/manifests/" in self.path
        length = int(self.headers.get("Content-Length") or 0)
        digest, body = self.take(is_manifest)
        if is_manifest:
            manifests[digest] = (self.headers["Content-Type"], body)
        else:
            lengths[digest] = length
        kind = "manifests" if is_manifest else "blobs"
        repository = self.path.split("/manifests/")[0].split("/blobs/")[0]
        self.answer(201, Location=f"{repository}/{kind}/{digest}", Docker_Content_Digest=digest)

    def do_DELETE(self):
        self.answer(202)

    def do_GET(self):
        url = urlsplit(self.path)
        page = int(parse_qs(url.query).get("page", ["0"])[0])
        name = url.path.removeprefix("/v2/").split("/tags/")[0].split("/referrers/")[0]
        if url.path == "/v2/":
            self.answer(200, b"{}", Content_Type="application/json")
        elif url.path.endswith("/tags/list"):
            first = page * TAGS_IN_PAGE
            tags = [f"tag-{number:06}" for number in range(first, min(first + TAGS_IN_PAGE, TAGS))]
            self.page(url.path, page, first + TAGS_IN_PAGE < TAGS, {"name": name, "tags": tags}, "application/json")
        elif "/referrers/" in url.path:
            first = page * REFERRERS_IN_PAGE
            kind = "application/vnd.oci.image.manifest.v1+json"
            listed = [
                {"mediaType": kind, "size": 700, "digest": "sha256:" + hashlib.sha256(b"%d" % number).hexdigest()}
                for number in range(first, min(first + REFERRERS_IN_PAGE, REFERRERS))
            ]
            index = "application/vnd.oci.image.index.v1+json"
            document = {"schemaVersion": 2, "mediaType": index, "manifests": listed}
            self.page(url.path, page, first + REFERRERS_IN_PAGE < REFERRERS, document, index)
        elif (length := lengths.get(url.path.rsplit("/", 1)[-1])) is not None:
            self.send_response(200)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            piece = bytes(1 << 20)
            while self.command == "GET" and length > 0:
                self.wfile.write(piece[: min(length, len(piece))])
                length -= len(piece)
        elif (manifest := manifests.get(url.path.rsplit("/", 1)[-1])) is not None:
            self.answer(200, manifest[1], Content_Type=manifest[0])
        else:
            error = json.dumps({"errors": [{"code": "NAME_UNKNOWN", "message": "no"}]}).encode()
            self.answer(404, error, Content_Type="application/json")

    do_HEAD = do_GET

    def page(self, path, page, more, document, kind):
        headers = {"Content_Type": kind}
        if more:
            headers["Link"] = f'<{path}?page={page + 1}>; rel="next"'
        self.answer(200, json.dumps(document).encode(), **headers)


ThreadingHTTPServer.daemon_threads = True
server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("ready", flush=True)
server.serve_forever()
