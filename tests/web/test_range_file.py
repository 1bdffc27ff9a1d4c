"""A file on a server reads as one on the disk, and only what is read is fetched."""

import io
from collections.abc import Callable

import pytest

from oemsar.errors import Failure
from oemsar.web.client import Web
from oemsar.web.range_file import RangeFile

from ..scenes.server import Answer, Server

BODY = bytes(range(251)) * 400
BLOCK = 1000


@pytest.fixture
def opened(server: Server, open_client: Callable[..., Web]) -> RangeFile:
    server.routes.append(lambda request: Answer(BODY) if request.path == "/big" else None)
    return RangeFile(open_client(), f"{server.address}/big", block=BLOCK)


def test_it_reads_as_a_file_on_the_disk(opened: RangeFile) -> None:
    local = io.BytesIO(BODY)
    buffered = io.BufferedReader(opened)
    for offset, whence, count in ((0, 0, 10), (5, 1, 2500), (-7, 2, 100), (999, 0, 2), (10**6, 0, 5)):
        assert buffered.seek(offset, whence) == local.seek(offset, whence)
        assert buffered.read(count) == local.read(count)
        assert buffered.tell() == local.tell()


def test_only_the_blocks_that_are_read_are_fetched_and_once(opened: RangeFile, server: Server) -> None:
    opened.seek(len(BODY) // 2)
    for _ in range(3):
        opened.seek(len(BODY) // 2)
        assert opened.read(10) == BODY[len(BODY) // 2 :][:10]
    assert opened.bytes_read == BLOCK
    assert server.sent <= BLOCK + 1


def test_a_file_that_is_gone_is_told(server: Server, open_client: Callable[..., Web]) -> None:
    with pytest.raises(Failure, match="is not there; run the search again"):
        RangeFile(open_client(), f"{server.address}/gone?key=1")
