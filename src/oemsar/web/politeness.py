"""Politeness towards servers: requests a second, and the time that a server asks to be left alone."""

import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field

import httpx

from oemsar.errors import Failure
from oemsar.web.retry import retry_after_of

_ASKING = (429, 503)
"""HTTP statuses whose Retry-After holds for every request to the server (RFC 6585, RFC 9110)."""


@dataclass
class Pace:
    """Times at which requests to each server may begin; threads share it.

    Attributes:
        rate: Requests a second to one server.
        patience: Longest time in seconds that a server may ask to be left alone.
    """

    rate: float
    patience: float
    _next: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, request: httpx.Request) -> None:
        """Wait until a request may begin; a hook of the client."""
        host = request.url.netloc.decode("ascii", "replace")
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next[host])
            self._next[host] = start + 1 / self.rate
        time.sleep(start - now)

    def heed(self, response: httpx.Response) -> None:
        """Keep away from a server for the time that it asks for; a hook of the client.

        Raises:
            Failure: It asks for more time than the patience allows.
        """
        if response.status_code not in _ASKING:
            return
        asked = retry_after_of(response)
        if asked is None:
            return
        host = response.request.url.netloc.decode("ascii", "replace")
        if asked > self.patience:
            raise Failure(
                f"{host} asks to be left alone for {asked:.0f} s; run the same command again after that to "
                "go on from here"
            )
        with self._lock:
            self._next[host] = max(self._next[host], time.monotonic() + asked)
