"""The client through which services are asked: politely, again where it may help, once for each answer."""

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import httpx

import oemsar
from oemsar.errors import Failure
from oemsar.limits import require_limit
from oemsar.progress import Report, silent
from oemsar.web.cache import Answer, AnswerCache
from oemsar.web.politeness import Pace
from oemsar.web.remote_file import PLAIN, Links, RemoteFile, without_query
from oemsar.web.retry import RetryPolicy, TransientError, raise_transient, retry
from oemsar.web.transfer import ResumableDownload

AGENT = f"oemsar/{oemsar.__version__} (open-source land cover mapping toolkit)"
"""User agent by which services know the project."""
DAY = 86_400.0
"""Seconds in a day."""
_MISSING = (404, 410)
_REFUSED = (401, 403)


def refuse_pages(content: bytes) -> None:
    """Refuse a web page in place of data, as services and proxies send with status 200.

    Raises:
        TransientError: The content is one.
    """
    if content[:512].lstrip().lower().startswith((b"<!doctype html", b"<html")):
        raise TransientError("it sends a web page in place of data")


@dataclass(frozen=True)
class Web:
    """Client of services.

    Attributes:
        client: HTTP client that keeps the pace.
        policy: Number of tries and waits between them.
        cache: Answers on disk.
        at_once: Requests at a time.
    """

    client: httpx.Client
    policy: RetryPolicy
    cache: AnswerCache
    at_once: int

    def get(
        self, address: str, *, keep: float = 0.0, check: Callable[[bytes], None] = refuse_pages
    ) -> bytes | None:
        """Fetch a small file; None where the server has no such file.

        Args:
            address: Address with its query.
            keep: Seconds for which an earlier answer is taken without asking; an older one is asked for
                again only where it changed. 0 keeps nothing.
            check: Raises `TransientError` over content that is not what was asked for, which is then asked
                for again and not kept.

        Raises:
            Failure: The server cannot be reached or does not answer as it should.
        """
        known = self.cache.find(address) if keep else None
        if known is not None and known.age < keep:
            return known.content
        answer = retry(lambda: self._ask(address, known, check), without_query(address), self.policy)
        if keep:
            self.cache.keep(address, answer)
        return answer.content

    def get_all(
        self, addresses: Iterable[str], *, keep: float = 0.0, check: Callable[[bytes], None] = refuse_pages
    ) -> Iterator[bytes | None]:
        """Fetch small files, several at a time, in the order of their addresses; see `get`."""
        waiting: list[Future[bytes | None]] = []
        rest = iter(addresses)
        with ThreadPoolExecutor(self.at_once) as pool:

            def ask(address: str) -> bytes | None:
                return self.get(address, keep=keep, check=check)

            try:
                waiting.extend(pool.submit(ask, each) for each in islice(rest, 2 * self.at_once))
                while waiting:
                    yield waiting.pop(0).result()
                    waiting.extend(pool.submit(ask, each) for each in islice(rest, 1))
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def require(
        self, address: str, *, keep: float = 0.0, check: Callable[[bytes], None] = refuse_pages
    ) -> bytes:
        """Fetch a small file that must be there; see `get`.

        Raises:
            Failure: It is not, or the server does not answer as it should.
        """
        content = self.get(address, keep=keep, check=check)
        if content is None:
            raise Failure(
                f"{without_query(address)} is not there; see whether the service has moved, and name its "
                "present address",
                option="endpoint",
            )
        return content

    def size(self, address: str, links: Links = PLAIN) -> int | None:
        """Ask for the bytes of a file; None where the server has no such file.

        Raises:
            Failure: The server does not tell, or cannot be reached.
        """

        def ask() -> int | None:
            link = links.link(address)
            with self.client.stream("GET", link, headers={"Range": "bytes=0-0", **_PLAIN}) as response:
                self._raise_passing(response, address, links)
                if response.status_code in _MISSING:
                    return None
                whole = re.fullmatch(r"bytes (?:\d+-\d+|\*)/(\d+)", response.headers.get("content-range", ""))
                length = response.headers.get("content-length")
                if response.status_code in (206, 416) and whole is not None:
                    return int(whole[1])
                if response.status_code == 200 and length is not None:
                    return int(length)
                raise Failure(
                    f"{without_query(address)} answers {response.status_code} {response.reason_phrase} and "
                    "does not tell its size; run the same command again later"
                )

        return retry(ask, without_query(address), self.policy)

    def read_range(self, address: str, first: int, count: int, links: Links = PLAIN) -> bytes:
        """Read some bytes of a file, and no more than these.

        Args:
            address: Address of the file.
            first: Offset of the first byte.
            count: Number of bytes, all of which the file must have.
            links: Links that open the address.

        Raises:
            Failure: The server does not send parts of files, or cannot be reached.
        """

        def ask() -> bytes:
            span = {"Range": f"bytes={first}-{first + count - 1}", **_PLAIN}
            with self.client.stream("GET", links.link(address), headers=span) as response:
                self._raise_passing(response, address, links)
                if response.status_code != 206:
                    raise Failure(
                        f"{without_query(address)} answers {response.status_code} {response.reason_phrase} "
                        "where a part of it is asked for; the server does not send parts"
                    )
                content = response.read()
            if len(content) != count:
                raise TransientError(f"it sends {len(content)} bytes of {count}")
            return content

        return retry(ask, without_query(address), self.policy)

    def transfer(self, remote: RemoteFile, folder: Path, links: Links = PLAIN) -> ResumableDownload:
        """Describe the transfer of a file into a folder."""
        return ResumableDownload(remote, folder, links)

    def receive(self, transfer: ResumableDownload, report: Report = silent) -> Path:
        """Bring a file to disk, going on from the bytes already there, and check it.

        Raises:
            DiskFull: The disk has no room left; the bytes received stay.
            Failure: The network or the disk fails, or a checksum is wrong.
        """
        transfer.receive(self.client, self.policy, report)
        return transfer.verify_and_rename()

    def _ask(self, address: str, known: Answer | None, check: Callable[[bytes], None]) -> Answer:
        """Make one try, conditional where an answer is known."""
        headers = {}
        if known is not None and known.etag is not None:
            headers["If-None-Match"] = known.etag
        with self.client.stream("GET", address, headers=headers) as response:
            raise_transient(response)
            if response.status_code == 304 and known is not None:
                return Answer(known.content, known.etag)
            if response.status_code in _MISSING:
                return Answer(None, None)
            if response.status_code != 200:
                raise Failure(
                    f"{without_query(address)} answers {response.status_code} {response.reason_phrase}; "
                    "see whether the service has moved or asks for a key, and run the same command again"
                )
            content = _read(response, address)
        check(content)
        return Answer(content, response.headers.get("etag"))

    @staticmethod
    def _raise_passing(response: httpx.Response, address: str, links: Links) -> None:
        raise_transient(response)
        if response.status_code in _REFUSED and links.renew(address):
            raise TransientError("the link to it is no longer valid")


_PLAIN = {"Accept-Encoding": "identity"}


def _read(response: httpx.Response, address: str) -> bytes:
    """Read a body within the limit of texts."""
    content = bytearray()
    for block in response.iter_bytes():
        content += block
        require_limit(len(content), "text_bytes", f"{without_query(address)} sends bytes:")
    return bytes(content)


@contextmanager
def open_web(*, policy: RetryPolicy, timeout: float, rate: float, at_once: int, cache: Path) -> Iterator[Web]:
    """Open a client.

    Args:
        policy: Number of tries and waits between them.
        timeout: Seconds without a byte that count as a dropped connection.
        rate: Requests a second to one server.
        at_once: Requests at a time.
        cache: Folder of kept answers.
    """
    pace = Pace(rate, policy.longest_wait)
    with httpx.Client(
        timeout=httpx.Timeout(timeout, pool=None),
        follow_redirects=True,
        headers={"User-Agent": AGENT},
        limits=httpx.Limits(max_connections=at_once),
        event_hooks={"request": [pace.wait], "response": [pace.heed]},
    ) as client:
        yield Web(client, policy, AnswerCache(cache), at_once)
