"""A Zenodo of one record on this machine, that misbehaves as told."""

import hashlib
import io
import json
import re
import socket
import struct
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

BLOCK = 1 << 16


@dataclass(frozen=True)
class Request:
    """What a client asked for, and when in seconds."""

    path: str
    range: str | None
    if_range: str | None
    encoding: str | None
    time: float


@dataclass(frozen=True)
class Fault:
    """How one request for content goes wrong.

    With `after`, that many bytes of the body are sent and then the connection is reset, closed or left
    open without a word, as `manner` says; with `surplus`, no length is told and that many bytes too many
    are sent, or too few where it is negative, before the connection is closed in order. Otherwise
    `status`, `headers` and `body` are the answer.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    after: int | None = None
    manner: str = "close"
    surplus: int | None = None


class Zenodo:
    """The server's content and behaviour, and a log of what was asked and sent."""

    number = 14950559

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.checksums: dict[str, str] = {}
        self.faults: list[Fault] = []
        self.record_faults: list[Fault] = []
        self.requests: list[Request] = []
        self.sent = 0
        self.etag: str | None = '"first"'
        self.ranges = True
        self.pages = False
        self.pause = 0.0
        self.port = 0
        self.stopped = threading.Event()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def add(self, name: str, content: bytes) -> None:
        self.files[name] = content
        self.checksums[name] = hashlib.md5(content, usedforsecurity=False).hexdigest()

    def fail(self, *faults: Mapping[str, object]) -> None:
        """Let the next requests for content go wrong, one after the other."""
        self.faults.extend(Fault(**fault) for fault in faults)  # type: ignore[arg-type]

    def fail_record(self, *faults: Mapping[str, object]) -> None:
        """Let the next requests for the record go wrong."""
        self.record_faults.extend(Fault(**fault) for fault in faults)  # type: ignore[arg-type]

    def content_requests(self) -> list[Request]:
        return [request for request in self.requests if "/files/" in request.path]

    def record(self) -> bytes:
        """The answer of the records API, in the form of zenodo.org."""
        page = f"http://127.0.0.1:{self.port}/records/{self.number}"
        files = [
            {
                "key": name,
                "size": len(content),
                "checksum": f"md5:{self.checksums[name]}",
                "links": {"self": f"{self.api}/records/{self.number}/files/{name}/content"},
            }
            for name, content in self.files.items()
        ]
        links = {"self_html": page} if self.pages else {}
        return json.dumps({"id": self.number, "files": files, "links": links}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    zenodo: Zenodo

    def do_GET(self) -> None:
        zenodo, path = self.zenodo, urlsplit(self.path).path
        headers = self.headers
        zenodo.requests.append(
            Request(path, headers["Range"], headers["If-Range"], headers["Accept-Encoding"], time.monotonic())
        )
        content = re.fullmatch(r"(/api)?/records/\d+/files/([^/]+)(/content)?", path)
        if content is not None and content[2] in zenodo.files:
            is_ranged = zenodo.ranges and (not zenodo.pages or content[1] is None)
            self.send_content(zenodo.files[content[2]], is_ranged)
        elif path == f"/api/records/{zenodo.number}":
            fault = zenodo.record_faults.pop(0) if zenodo.record_faults else None
            self.answer(fault or Fault(body=zenodo.record(), headers={"Content-Type": "application/json"}))
        else:
            self.answer(Fault(404))

    def answer(self, fault: Fault) -> None:
        self.send_response(fault.status)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(fault.body)))
        self.end_headers()
        self.wfile.write(fault.body)

    def send_content(self, content: bytes, is_ranged: bool) -> None:
        fault = self.zenodo.faults.pop(0) if self.zenodo.faults else Fault(after=len(content))
        if fault.after is None and fault.surplus is None:
            self.answer(fault)
            return
        if fault.surplus is not None:
            self.send_unmeasured((content + bytes(max(fault.surplus, 0)))[: len(content) + fault.surplus])
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        is_same = self.headers["If-Range"] in (None, self.zenodo.etag)
        start = int(asked[1]) if asked and is_ranged and is_same else 0
        if start >= len(content) > 0:
            self.answer(Fault(416, {"Content-Range": f"bytes */{len(content)}"}))
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        if self.zenodo.etag is not None:
            self.send_header("ETag", self.zenodo.etag)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.send_body(content[start:], fault)

    def send_unmeasured(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def send_body(self, body: bytes, fault: Fault) -> None:
        assert fault.after is not None
        rest = body[: fault.after]
        while rest and not self.zenodo.stopped.is_set():
            self.wfile.write(rest[:BLOCK])
            self.zenodo.sent += len(rest[:BLOCK])
            rest = rest[BLOCK:]
            time.sleep(self.zenodo.pause)
        if fault.after >= len(body):
            return
        self.close_connection = True
        if fault.manner == "hang":
            self.zenodo.stopped.wait(10)
        if fault.manner == "reset":
            time.sleep(0.05)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no error of the server."""


@pytest.fixture
def zenodo(monkeypatch: pytest.MonkeyPatch) -> Iterator[Zenodo]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    state = Zenodo()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"zenodo": state}))
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield state
    state.stopped.set()
    server.shutdown()
    server.server_close()
    thread.join()


def make_zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture(name="make_zip", scope="session")
def make_zip_fixture() -> object:
    return make_zip
