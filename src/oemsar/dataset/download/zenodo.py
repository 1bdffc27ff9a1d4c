"""Files of a Zenodo record: names, sizes, checksums and addresses."""

import re
from dataclasses import dataclass
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, ValidationError

from oemsar.dataset.download.config import API
from oemsar.errors import Failure, InputError
from oemsar.visible_text import visible
from oemsar.web.remote_file import RemoteFile
from oemsar.web.retry import RetryPolicy, raise_transient, retry


@dataclass(frozen=True)
class ZenodoRecord:
    """Zenodo record.

    Attributes:
        id: Number of the record.
        files: Files of the record, in its order.
    """

    id: int
    files: tuple[RemoteFile, ...]


class _FileLinks(BaseModel):
    content: str = Field(alias="self", pattern="^https?://")


class _File(BaseModel):
    key: str
    size: int = Field(ge=0)
    checksum: str = Field(pattern="^md5:[0-9a-f]{32}$")
    links: _FileLinks


class _RecordLinks(BaseModel):
    self_html: str | None = Field(default=None, pattern="^https?://")


class _Answer(BaseModel):
    """Answer of the API, as far as it is read here."""

    files: list[_File] = Field(min_length=1)
    links: _RecordLinks = _RecordLinks()


def fetch_record(client: httpx.Client, number: int, api: str, policy: RetryPolicy) -> ZenodoRecord:
    """Ask Zenodo for the files of record `number`.

    Args:
        client: HTTP client that makes the request.
        number: Last part of the record's address and of its DOI.
        api: Base address of the API.
        policy: Number of tries and waits between them.

    Raises:
        InputError: The base address is no web address, or there is no such record.
        Failure: The network fails, or the answer is not a record with files.
    """
    if not re.match(r"https?://[^/]", api):
        raise InputError(f"{api!r} is not the address of an API; give one such as {API}", option="url")
    address = f"{api.rstrip('/')}/records/{number}"

    def ask() -> httpx.Response:
        response = client.get(address)
        raise_transient(response)
        return response

    response = retry(ask, address, policy)
    if response.status_code in (404, 410):
        raise InputError(f"there is no record {number} at {address}; give another number", option="record")
    if response.status_code != 200:
        raise Failure(f"{address} answers {response.status_code} {response.reason_phrase}; try again later")
    return ZenodoRecord(number, _read_files(response.content, address))


def _read_files(content: bytes, address: str) -> tuple[RemoteFile, ...]:
    """Read the files that an answer of the API lists."""
    try:
        answer = _Answer.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Failure(
            f"{address} does not answer with a Zenodo record ({where or 'its body'}: {first['msg']}); "
            "see whether a login page or proxy stands in between, and run the same command again"
        ) from error
    for file in answer.files:
        if not _is_plain_name(file.key):
            raise Failure(f"{address} lists a file named {file.key!r}, which is no plain file name")
    return tuple(
        RemoteFile(
            name=file.key,
            size=file.size,
            md5=file.checksum.removeprefix("md5:"),
            addresses=_addresses(file, answer.links.self_html),
        )
        for file in answer.files
    )


def _is_plain_name(name: str) -> bool:
    """Whether `name` names a file in a folder and nothing else."""
    return (
        bool(name)
        and not name.startswith(".")
        and len(name) <= 200
        and not re.search(r"[/\\:]", name)
        and visible(name) == name
    )


def _addresses(file: _File, page: str | None) -> tuple[str, ...]:
    """Put the download link of the record's page before the link of the API.

    On zenodo.org the former answers range requests and the latter does not
    (https://github.com/zenodo/zenodo/issues/2593, January 2026), which decides whether a transfer
    that broke off is resumed or starts again.
    """
    if page is None:
        return (file.links.content,)
    return (f"{page.rstrip('/')}/files/{quote(file.key)}?download=1", file.links.content)
