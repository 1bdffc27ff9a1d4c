"""A server on this machine that speaks as the services of imagery do, and misbehaves as told.

Reusable: `serving()` starts one; services are routes (`static.py`, `tiles.py`, `stac_api.py`, ...), each a
function of a request to an answer or None.
"""

import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote, urlsplit

JSON = "application/json"
PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"


@dataclass(frozen=True)
class Request:
    """What a client asked for, and when in seconds."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    time: float
    line: str = ""

    @property
    def range(self) -> str | None:
        return self.headers.get("Range")


@dataclass(frozen=True)
class Answer:
    """An answer: parts of the body are sent where they are asked for, unless `ranges` is false."""

    body: bytes = b""
    kind: str = "application/octet-stream"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    ranges: bool = True


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong: another answer, or a body that ends after some bytes.

    With `after`, that many bytes of the body are sent and then the connection is closed, or reset.
    """

    answer: Answer | None = None
    after: int | None = None
    reset: bool = False


BUSY = Fault(Answer(status=429, headers={"Retry-After": "1"}))
LOGIN = Fault(Answer(PAGE, "text/html"))

Route = Callable[[Request], Answer | None]


class Server:
    """Routes, faults to come, and a log of what was asked and sent."""

    def __init__(self) -> None:
        self.routes: list[Route] = []
        self.faults: list[tuple[str, Fault]] = []
        self.requests: list[Request] = []
        self.sent = 0
        self.port = 0
        self.at_once = 0
        self.most_at_once = 0
        self.pause = 0.0
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, part: str, *faults: Fault) -> None:
        """Let the next requests whose path or query holds `part` go wrong, one after the other."""
        self.faults.extend((part, fault) for fault in faults)

    def asked(self, part: str = "") -> list[Request]:
        """The requests whose path or query holds `part`."""
        return [request for request in self.requests if part in _line(request)]

    def answer(self, request: Request) -> Answer:
        for route in self.routes:
            found = route(request)
            if found is not None:
                return found
        return Answer(b"not here", "text/plain", 404)

    def fault(self, request: Request) -> Fault | None:
        with self.lock:
            for number, (part, fault) in enumerate(self.faults):
                if part in _line(request):
                    del self.faults[number]
                    return fault
        return None


def _line(request: Request) -> str:
    return request.path + "?" + "&".join(f"{key}={value}" for key, value in request.query.items())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_state: Server

    def do_GET(self) -> None:
        state = self.server_state
        with state.lock:
            state.at_once += 1
            state.most_at_once = max(state.most_at_once, state.at_once)
        try:
            time.sleep(state.pause)
            self._answer()
        finally:
            with state.lock:
                state.at_once -= 1

    do_POST = do_GET  # noqa: N815 (name of the standard library)
    do_HEAD = do_GET  # noqa: N815 (name of the standard library)

    def _answer(self) -> None:
        state, split = self.server_state, urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(
            self.command,
            unquote(split.path),
            dict(parse_qsl(split.query, keep_blank_values=True)),
            self.headers,
            self.rfile.read(length),
            time.monotonic(),
            self.path,
        )
        state.requests.append(request)
        fault = state.fault(request)
        answer = fault.answer if fault is not None and fault.answer is not None else state.answer(request)
        status, body, headers = answer.status, answer.body, dict(answer.headers)
        if answer.etag is not None:
            headers["ETag"] = answer.etag
            if request.headers.get("If-None-Match") == answer.etag:
                status, body = 304, b""
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.range or "")
        is_same = request.headers.get("If-Range") in (None, answer.etag)
        if asked and status == 200 and answer.ranges and is_same:
            first, last = int(asked[1]), min(int(asked[2] or len(body) - 1), len(body) - 1)
            status = 206 if first <= last else 416
            headers["Content-Range"] = f"bytes {f'{first}-{last}' if status == 206 else '*'}/{len(body)}"
            body = body[first : last + 1] if status == 206 else b""
        self.send_response(status)
        for name, value in {"Content-Type": answer.kind, **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if fault is not None and fault.after is not None:
            body = body[: fault.after]
            self.close_connection = True
        self.wfile.write(body)
        state.sent += len(body)
        if fault is not None and fault.reset:
            time.sleep(0.02)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


class _Threads(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is no error of the server."""


@contextmanager
def serving() -> Iterator[Server]:
    """Start a server of no routes."""
    state = Server()
    with _Threads(("127.0.0.1", 0), type("Bound", (_Handler,), {"server_state": state})) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
