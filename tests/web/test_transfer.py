"""A transfer of a file whose listing gives no MD5, by links that are valid for a time."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from oemsar.errors import Failure
from oemsar.web.client import Web
from oemsar.web.remote_file import RemoteFile
from oemsar.web.transfer import ResumableDownload

from ..scenes.server import Answer, Fault, Request, Server

BODY = random.Random(1).randbytes(300_000)
Open = Callable[..., Web]


class Signed:
    """Links of which each is valid for some requests."""

    def __init__(self) -> None:
        self.made = 0

    def link(self, address: str) -> str:
        return f"{address}?sig=token{self.made}"

    def renew(self, address: str) -> bool:
        self.made += 1
        return True


def transfer(server: Server, folder: Path, links: Signed, sha256: str | None = None) -> ResumableDownload:
    remote = RemoteFile("a.tif", len(BODY), None, (f"{server.address}/a.tif",), sha256)
    return ResumableDownload(remote, folder, links)


def test_a_link_that_expires_on_the_way_is_made_anew_and_the_rest_comes(
    server: Server, open_client: Open, tmp_path: Path
) -> None:
    def route(request: Request) -> Answer | None:
        valid = "token1" if request.range else "token0"
        return Answer(BODY, etag='"v"') if request.query["sig"] == valid else Answer(status=403)

    server.routes.append(route)
    server.fail("/a.tif", Fault(after=100_000))
    links = Signed()
    path = open_client().receive(transfer(server, tmp_path, links))
    assert path.read_bytes() == BODY
    assert links.made == 1
    assert server.sent == len(BODY)
    assert [request.range for request in server.requests] == [None, "bytes=100000-", "bytes=100000-"]


def test_no_key_is_written_to_the_disk(server: Server, open_client: Open, tmp_path: Path) -> None:
    server.routes.append(lambda request: Answer(BODY, etag='"v"'))
    server.fail("/a.tif", *[Fault(after=1000)] + [Fault(Answer(status=500))] * 3)
    with pytest.raises(Failure) as raised:
        open_client().receive(transfer(server, tmp_path, Signed()))
    assert "token" not in str(raised.value)
    assert "token" not in (tmp_path / ".a.tif.resume.json").read_text()


def test_without_a_checksum_the_address_and_its_mark_tell_the_content(
    server: Server, open_client: Open, tmp_path: Path
) -> None:
    server.routes.append(lambda request: Answer(BODY, etag='"v"'))
    server.fail("/a.tif", Fault(after=1000), *[Fault(Answer(status=500))] * 3)
    first = transfer(server, tmp_path, Signed())
    with pytest.raises(Failure):
        open_client().receive(first)
    assert first.bytes_received() == 1000
    elsewhere = RemoteFile("a.tif", len(BODY), None, (f"{server.address}/b.tif",))
    assert ResumableDownload(elsewhere, tmp_path).bytes_received() == 0
    other = bytes(len(BODY))
    server.routes[:] = [lambda request: Answer(other, etag='"w"')]
    assert open_client().receive(first).read_bytes() == other


def test_a_sha256_is_compared(server: Server, open_client: Open, tmp_path: Path) -> None:
    server.routes.append(lambda request: Answer(BODY))
    right = hashlib.sha256(BODY).hexdigest()
    assert open_client().receive(transfer(server, tmp_path, Signed(), right)).read_bytes() == BODY
    (tmp_path / "a.tif").unlink()
    with pytest.raises(Failure, match=r"wrong checksum \(sha256"):
        open_client().receive(transfer(server, tmp_path, Signed(), "0" * 64))
    assert not list(tmp_path.glob("*.tif"))


def test_without_checksum_and_mark_nothing_is_continued(
    server: Server, open_client: Open, tmp_path: Path
) -> None:
    """Nothing would tell that the end of one file follows the beginning of another."""
    server.routes.append(lambda request: Answer(BODY))
    server.fail("/a.tif", Fault(after=1000))
    first = transfer(server, tmp_path, Signed())
    assert open_client().receive(first).read_bytes() == BODY
    assert [request.range for request in server.requests] == [None, None]


def test_a_page_that_says_it_is_a_file_is_told_by_its_bytes(
    server: Server, open_client: Open, tmp_path: Path
) -> None:
    """As a file server does that asks to confirm a large download."""
    page = b"\n <!DOCTYPE html><html>".ljust(len(BODY))
    server.routes.append(lambda request: Answer(page, etag='"v"'))
    with pytest.raises(Failure, match=r"sends a web page in place of a\.tif"):
        open_client().receive(transfer(server, tmp_path, Signed()))
    assert not list(tmp_path.glob("*.tif"))
