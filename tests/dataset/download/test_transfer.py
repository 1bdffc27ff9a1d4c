"""Whatever the network does, a transfer ends with the file's bytes or in a state it goes on from."""

import errno
import random
from pathlib import Path
from typing import Any

import httpx
import pytest

from oemsar.dataset.download.zenodo import fetch_record
from oemsar.errors import DiskFull, Failure
from oemsar.web.remote_file import RemoteFile
from oemsar.web.retry import RetryPolicy
from oemsar.web.transfer import ResumableDownload

NAME = "dfc25_track1_test.zip"
BODY = b"PK" + random.Random(1).randbytes(600_000)
IMPATIENT = RetryPolicy(tries=2, first_wait=0.01, longest_wait=0.05)


@pytest.fixture(scope="module")
def client() -> Any:
    with httpx.Client(timeout=5) as client:
        yield client


@pytest.fixture
def transfer(zenodo: Any, client: Any, tmp_path: Path) -> ResumableDownload:
    zenodo.add(NAME, BODY)
    return ResumableDownload(read_listing(zenodo, client), tmp_path)


def read_listing(zenodo: Any, client: Any) -> RemoteFile:
    return fetch_record(client, zenodo.number, zenodo.api, IMPATIENT).files[0]


def fetch(transfer: ResumableDownload, client: Any, policy: RetryPolicy = IMPATIENT) -> bytes:
    transfer.receive(client, policy)
    return transfer.verify_and_rename().read_bytes()


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_an_undisturbed_transfer_leaves_the_file_and_nothing_else(
    transfer: ResumableDownload, client: Any, tmp_path: Path
) -> None:
    reports: list[tuple[int, int]] = []
    transfer.receive(client, IMPATIENT, lambda done, total: reports.append((done, total)))
    assert transfer.verify_and_rename().read_bytes() == BODY
    assert names(tmp_path) == {NAME}
    assert reports == sorted(reports)
    assert reports[0] == (0, len(BODY))
    assert reports[-1] == (len(BODY), len(BODY))


@pytest.mark.parametrize("manner", ["reset", "close"])
def test_a_broken_connection_is_continued_at_the_byte_it_broke_at(
    transfer: ResumableDownload, zenodo: Any, client: Any, manner: str
) -> None:
    zenodo.fail(*[{"after": 100_000, "manner": manner}] * 4)
    assert fetch(transfer, client) == BODY
    starts = [int(request.range[6:-1]) for request in zenodo.content_requests()[1:]]
    assert starts == sorted(set(starts))
    assert all(request.if_range == '"first"' for request in zenodo.content_requests()[1:])
    if manner == "close":
        assert starts == [100_000, 200_000, 300_000, 400_000]
        assert zenodo.sent == len(BODY)


def test_a_connection_that_falls_silent_is_given_up_and_continued(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    zenodo.fail({"after": 100_000, "manner": "hang"})
    hasty = httpx.Client(timeout=0.3)
    assert fetch(transfer, hasty) == BODY
    assert zenodo.content_requests()[1].range == "bytes=100000-"


def test_a_slow_body_is_no_dropped_connection(transfer: ResumableDownload, zenodo: Any) -> None:
    zenodo.pause = 0.1
    assert fetch(transfer, httpx.Client(timeout=0.5)) == BODY
    assert len(zenodo.content_requests()) == 1


def test_interruptions_without_end_do_not_end_a_transfer_that_moves(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    zenodo.fail(*[{"after": 50_000}] * 12)
    assert fetch(transfer, client, RetryPolicy(tries=2, first_wait=0)) == BODY
    assert len(zenodo.content_requests()) == 13


def test_giving_up_keeps_what_came_and_the_next_call_asks_for_the_rest_only(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    zenodo.fail({"after": 200_000}, {"after": 0}, {"after": 0})
    with pytest.raises(Failure, match=r"tried 2 times.*same command again"):
        transfer.receive(client, IMPATIENT)
    assert transfer.partial.read_bytes() == BODY[:200_000]
    assert fetch(transfer, client) == BODY
    assert zenodo.sent == len(BODY)


def test_a_server_that_ignores_ranges_starts_the_file_again_cleanly(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    zenodo.ranges = False
    zenodo.fail({"after": 200_000})
    assert fetch(transfer, client) == BODY
    assert zenodo.sent == len(BODY) + 200_000


def test_a_server_that_ignores_ranges_and_always_breaks_off_is_given_up(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    zenodo.ranges = False
    zenodo.fail(*[{"after": 200_000}] * 20)
    with pytest.raises(Failure, match="does not answer as it should"):
        transfer.receive(client, IMPATIENT)
    assert len(zenodo.content_requests()) == 3


def test_the_record_page_link_is_preferred_as_it_alone_answers_ranges(
    transfer: ResumableDownload, zenodo: Any, client: Any, tmp_path: Path
) -> None:
    zenodo.pages = True
    zenodo.fail({"after": 200_000})
    assert fetch(ResumableDownload(read_listing(zenodo, client), tmp_path), client) == BODY
    assert {request.path for request in zenodo.content_requests()} == {
        f"/records/{zenodo.number}/files/{NAME}"
    }
    assert zenodo.sent == len(BODY)


@pytest.mark.parametrize(
    "answer",
    [{"status": 404}, {"body": b"<html>", "headers": {"Content-Type": "text/html"}}],
    ids=["missing", "page"],
)
def test_a_page_link_that_fails_falls_back_to_the_api_link(
    transfer: ResumableDownload, zenodo: Any, client: Any, tmp_path: Path, answer: dict[str, Any]
) -> None:
    zenodo.pages = True
    zenodo.fail(answer)
    assert fetch(ResumableDownload(read_listing(zenodo, client), tmp_path), client) == BODY
    assert zenodo.content_requests()[-1].path.endswith("/content")


def test_content_that_changed_under_the_same_listing_is_not_mixed(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    old = b"PK" + bytes(len(BODY) - 2)
    zenodo.files[NAME] = old
    zenodo.fail({"after": 200_000}, {"after": 0}, {"after": 0})
    with pytest.raises(Failure):
        transfer.receive(client, IMPATIENT)
    zenodo.files[NAME], zenodo.etag = BODY, '"second"'
    assert fetch(transfer, client) == BODY
    assert zenodo.content_requests()[-1].if_range == '"first"'


def test_a_listing_of_other_content_discards_the_partial_file(
    transfer: ResumableDownload, zenodo: Any, client: Any, tmp_path: Path
) -> None:
    zenodo.fail({"after": 200_000}, {"after": 0}, {"after": 0})
    with pytest.raises(Failure):
        transfer.receive(client, IMPATIENT)
    other = b"PK" + random.Random(2).randbytes(300_000)
    zenodo.add(NAME, other)
    assert fetch(ResumableDownload(read_listing(zenodo, client), tmp_path), client) == other
    assert zenodo.content_requests()[-1].range is None


def test_a_partial_file_of_unknown_origin_is_not_continued(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    transfer.partial.write_bytes(b"from elsewhere")
    assert fetch(transfer, client) == BODY
    transfer.resume_file.write_text("{torn")
    transfer.partial.write_bytes(b"from elsewhere")
    assert fetch(transfer, client) == BODY
    assert all(request.range is None for request in zenodo.content_requests())


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 416, "headers": {"Content-Range": "bytes */5"}},
        {"status": 206, "headers": {"Content-Range": "bytes 7-11/602002"}, "body": b"wrong"},
        {"status": 206, "headers": {"Content-Range": "bytes 200000-200004/200005"}, "body": b"wrong"},
        {"status": 206, "body": b"wrong"},
    ],
    ids=["416", "other start", "other size", "no range told"],
)
def test_a_rest_that_does_not_fit_starts_the_file_again(
    transfer: ResumableDownload, zenodo: Any, client: Any, answer: dict[str, Any]
) -> None:
    zenodo.fail({"after": 200_000}, answer)
    assert fetch(transfer, client) == BODY
    assert zenodo.content_requests()[-1].range is None


def test_a_rest_under_another_etag_starts_the_file_again(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    span = f"bytes 200000-{len(BODY) - 1}/{len(BODY)}"
    wrong = {
        "status": 206,
        "headers": {"Content-Range": span, "ETag": '"b"'},
        "body": bytes(len(BODY) - 200_000),
    }
    zenodo.fail({"after": 200_000}, wrong)
    assert fetch(transfer, client) == BODY


def test_a_wrong_checksum_says_so_and_the_next_call_starts_afresh(
    transfer: ResumableDownload, zenodo: Any, client: Any, tmp_path: Path
) -> None:
    zenodo.files[NAME] = BODY[:-1] + b"!"
    transfer.receive(client, IMPATIENT)
    with pytest.raises(Failure, match=r"wrong checksum .*removed; run the same command again"):
        transfer.verify_and_rename()
    assert names(tmp_path) == set()
    zenodo.files[NAME] = BODY
    assert fetch(transfer, client) == BODY


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            {"body": b"<html>log in</html>", "headers": {"Content-Type": "text/html; charset=utf-8"}},
            "a web page",
        ),
        ({"body": b"<html>" + BODY[6:]}, "something that starts with b'<html>"),
        ({"body": b"short"}, "5 bytes"),
        ({"status": 403}, "403 Forbidden"),
        ({"status": 404}, "404 Not Found"),
    ],
    ids=["page", "page by its bytes", "short", "403", "404"],
)
def test_something_else_than_the_file_is_told_and_leaves_the_partial_file_alone(
    transfer: ResumableDownload, zenodo: Any, client: Any, answer: dict[str, Any], words: str
) -> None:
    zenodo.fail({"after": 200_000}, answer)
    with pytest.raises(Failure) as caught:
        transfer.receive(client, IMPATIENT)
    assert words in str(caught.value)
    assert str(caught.value).endswith("run the same command again")
    assert transfer.partial.read_bytes() == BODY[:200_000]
    assert fetch(transfer, client) == BODY
    assert zenodo.content_requests()[-1].range == "bytes=200000-"


def test_retry_after_is_waited_for(transfer: ResumableDownload, zenodo: Any, client: Any) -> None:
    zenodo.fail({"status": 429, "headers": {"Retry-After": "1"}})
    assert fetch(transfer, client, RetryPolicy(tries=2, first_wait=0.01)) == BODY
    first, second = zenodo.content_requests()
    assert 1.0 <= second.time - first.time < 3.0


@pytest.mark.parametrize(
    "asked", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT", "Fri, 31 Dec 2100 23:59:59 -0000"]
)
def test_a_server_cannot_make_the_client_wait_longer_than_its_patience(
    transfer: ResumableDownload, zenodo: Any, client: Any, asked: str
) -> None:
    zenodo.fail({"status": 503, "headers": {"Retry-After": asked}})
    assert fetch(transfer, client, RetryPolicy(tries=2, first_wait=0, longest_wait=0.2)) == BODY
    first, second = zenodo.content_requests()
    assert 0.2 <= second.time - first.time < 2.0


def test_a_body_of_untold_length_that_ends_early_is_continued(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    zenodo.etag = None
    zenodo.fail({"surplus": -100_000})
    assert fetch(transfer, client) == BODY
    assert zenodo.content_requests()[1].range == f"bytes={len(BODY) - 100_000}-"
    assert zenodo.content_requests()[1].if_range is None


def test_a_body_of_untold_length_that_does_not_end_is_cut_off(
    transfer: ResumableDownload, zenodo: Any, client: Any, tmp_path: Path
) -> None:
    zenodo.fail({"surplus": 5_000_000})
    reports: list[int] = []
    with pytest.raises(Failure, match="sends more bytes in place of"):
        transfer.receive(client, IMPATIENT, lambda done, total: reports.append(done))
    assert max(reports) <= len(BODY)
    assert names(tmp_path) == set()
    assert fetch(transfer, client) == BODY


def test_a_partial_file_longer_than_the_file_is_not_continued(
    transfer: ResumableDownload, zenodo: Any, client: Any
) -> None:
    zenodo.fail({"after": 200_000}, {"after": 0}, {"after": 0})
    with pytest.raises(Failure):
        transfer.receive(client, IMPATIENT)
    transfer.partial.write_bytes(BODY + b"more")
    zenodo.requests.clear()
    assert fetch(transfer, client) == BODY
    assert [request.range for request in zenodo.content_requests()] == [None]


def test_the_bytes_are_asked_for_as_they_are(transfer: ResumableDownload, zenodo: Any, client: Any) -> None:
    fetch(transfer, client)
    assert zenodo.content_requests()[0].encoding == "identity"


@pytest.mark.parametrize("asked", ["Thu, 01 Jan 1970 00:00:00 GMT", "soon"])
def test_a_retry_after_that_is_past_or_unreadable_does_no_harm(
    transfer: ResumableDownload, zenodo: Any, client: Any, asked: str
) -> None:
    zenodo.fail({"status": 503, "headers": {"Retry-After": asked}})
    assert fetch(transfer, client) == BODY


def test_waits_double_up_to_the_longest() -> None:
    policy = RetryPolicy(first_wait=1, longest_wait=5)
    assert [policy.wait(failed, None) for failed in (1, 2, 3, 4, 5)] == [1, 2, 4, 5, 5]


class FullDisk:
    """A file that accepts `room` bytes and then finds the disk full."""

    def __init__(self, file: Any, room: int) -> None:
        self.file, self.room = file, room

    def __enter__(self) -> "FullDisk":
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def write(self, block: bytes) -> int:
        if len(block) > self.room:
            self.file.write(block[: self.room])
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(block)
        return int(self.file.write(block))


def test_a_full_disk_is_told_and_the_next_call_goes_on(
    transfer: ResumableDownload, zenodo: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def open_on_full_disk(path: Path, *args: Any, **kwargs: Any) -> Any:
        file = real(path, *args, **kwargs)
        return FullDisk(file, 150_000) if path == transfer.partial else file

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", open_on_full_disk)
        with pytest.raises(DiskFull, match=r"no room left for .*free some and run the command again"):
            transfer.receive(client, IMPATIENT)
    assert transfer.partial.read_bytes() == BODY[:150_000]
    assert fetch(transfer, client) == BODY
    assert zenodo.content_requests()[-1].range == "bytes=150000-"


def test_an_empty_file_is_a_file(zenodo: Any, client: Any, tmp_path: Path) -> None:
    zenodo.add("README.txt", b"")
    assert fetch(ResumableDownload(read_listing(zenodo, client), tmp_path), client) == b""
