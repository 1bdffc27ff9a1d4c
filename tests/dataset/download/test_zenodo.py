"""Records of Zenodo: their files with sizes, checksums and addresses, or one sentence on what is wrong."""

import json
from typing import Any

import httpx
import pytest

from oemsar.dataset.download.zenodo import fetch_record
from oemsar.errors import Failure, InputError
from oemsar.web.remote_file import RemoteFile
from oemsar.web.retry import RetryPolicy

NAME, BODY = "dfc25_track1_test.zip", b"PK and more"
IMPATIENT = RetryPolicy(tries=2, first_wait=0.01, longest_wait=0.05)


@pytest.fixture(scope="module")
def client() -> Any:
    with httpx.Client(timeout=5) as client:
        yield client


def test_a_record_lists_its_files_in_order(zenodo: Any, client: Any) -> None:
    zenodo.add("b.zip", b"12345")
    zenodo.add("a.md", b"")
    record = fetch_record(client, zenodo.number, f"{zenodo.api}/", IMPATIENT)
    assert record.id == zenodo.number
    assert [(file.name, file.size, file.md5) for file in record.files] == [
        ("b.zip", 5, "827ccb0eea8a706c4c34a16891f84e7b"),
        ("a.md", 0, "d41d8cd98f00b204e9800998ecf8427e"),
    ]
    assert [request.path for request in zenodo.requests] == [f"/api/records/{zenodo.number}"]


def test_the_page_serves_before_the_api_with_names_quoted(zenodo: Any, client: Any) -> None:
    zenodo.add("a b&c.zip", b"x")
    content = f"{zenodo.api}/records/{zenodo.number}/files/a b&c.zip/content"
    assert fetch_record(client, zenodo.number, zenodo.api, IMPATIENT).files[0].addresses == (content,)
    zenodo.pages = True
    page = f"http://127.0.0.1:{zenodo.port}/records/{zenodo.number}/files/a%20b%26c.zip?download=1"
    assert fetch_record(client, zenodo.number, zenodo.api, IMPATIENT).files[0].addresses == (page, content)


@pytest.mark.parametrize(
    ("name", "is_zip"), [("a.zip", True), ("B.ZIP", True), ("zip", False), ("a.zip.md5", False)]
)
def test_archives_are_known_by_their_suffix(name: str, is_zip: bool) -> None:
    assert RemoteFile(name, 1, "0" * 32, ()).is_zip == is_zip


def test_a_record_that_was_removed_is_wrong_input_and_a_refusal_a_failure(zenodo: Any, client: Any) -> None:
    zenodo.fail_record({"status": 410}, {"status": 403})
    with pytest.raises(InputError, match=rf"^record: there is no record {zenodo.number} at http"):
        fetch_record(client, zenodo.number, zenodo.api, IMPATIENT)
    with pytest.raises(Failure, match=r"answers 403 Forbidden; try again later$"):
        fetch_record(client, zenodo.number, zenodo.api, IMPATIENT)


def test_what_is_wrong_in_an_answer_is_named_with_its_position(zenodo: Any, client: Any) -> None:
    zenodo.add("a.zip", b"x")
    zenodo.add("b.zip", b"y")
    answer = json.loads(zenodo.record())
    answer["files"][1]["checksum"] = "md5:XYZ"
    zenodo.fail_record({"body": json.dumps(answer).encode()})
    with pytest.raises(Failure, match=r"\(files\.1\.checksum: .*login page or proxy"):
        fetch_record(client, zenodo.number, zenodo.api, IMPATIENT)


def test_the_record_is_asked_for_again_after_passing_failures(zenodo: Any, client: Any) -> None:
    zenodo.add(NAME, BODY)
    zenodo.fail_record({"status": 502}, {"status": 429, "headers": {"Retry-After": "0"}})
    remote = fetch_record(client, zenodo.number, zenodo.api, RetryPolicy(tries=3, first_wait=0)).files[0]
    assert (remote.name, remote.size, remote.md5) == (NAME, len(BODY), zenodo.checksums[NAME])


def test_a_record_that_is_not_there_is_wrong_input(zenodo: Any, client: Any) -> None:
    with pytest.raises(InputError, match=r"^record: there is no record 7 "):
        fetch_record(client, 7, zenodo.api, IMPATIENT)


@pytest.mark.parametrize("api", ["zenodo.org/api", "ftp://zenodo.org", "http://"])
def test_an_address_that_is_none_is_wrong_input(client: Any, api: str) -> None:
    with pytest.raises(InputError, match="not the address of an API"):
        fetch_record(client, 7, api, IMPATIENT)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"{}",
        b'{"files": []}',
        b'{"files": [{"key": "a", "size": 1, "checksum": "sha1:0", "links": {"self": "http://h/"}}]}',
        b'{"files": [{"key": "a", "size": -1, "checksum": "md5:%s", "links": {"self": "http://h/"}}]}'
        % (b"0" * 32),
        b'{"files": [{"key": "a", "size": 1, "checksum": "md5:%s", "links": {"self": "file:///a"}}]}'
        % (b"0" * 32),
    ],
)
def test_an_answer_that_is_no_record_is_told(zenodo: Any, client: Any, body: bytes) -> None:
    zenodo.fail_record({"body": body})
    with pytest.raises(Failure, match="does not answer with a Zenodo record"):
        fetch_record(client, zenodo.number, zenodo.api, IMPATIENT)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a\\\\b", "C:x", "..", ".hidden", "a/b"])
def test_a_listed_name_cannot_leave_the_folder(zenodo: Any, client: Any, name: str) -> None:
    zenodo.add("NAME", b"x")
    zenodo.fail_record({"body": zenodo.record().replace(b'"NAME"', f'"{name}"'.encode())})
    with pytest.raises(Failure, match="no plain file name"):
        fetch_record(client, zenodo.number, zenodo.api, IMPATIENT)
