"""The files of a Zenodo record: names, sizes, checksums and addresses."""

import re
from dataclasses import dataclass
from urllib.parse import quote

import httpx
from pydantic import BaseModel, Field, ValidationError

from oemsar.dataset.download.retry import Patience, insist, refuse_passing
from oemsar.errors import Failure, InputError

API = "https://zenodo.org/api"
"""Base address of Zenodo's REST API, https://developers.zenodo.org."""

CONTEST_RECORD = 14950559
"""The release of the 2025 IEEE GRSS Data Fusion Contest: training, validation and test with labels."""

TRAINVAL_RECORD = 14622048
"""The record the paper names: training tiles, and validation tiles without labels."""


@dataclass(frozen=True)
class RemoteFile:
    """One file of a record.

    Attributes:
        name: file name, without any folder.
        size: bytes.
        md5: hexadecimal digest of the content.
        addresses: where the content is served, the best first.
    """

    name: str
    size: int
    md5: str
    addresses: tuple[str, ...]

    @property
    def is_zip(self) -> bool:
        """Whether it is an archive by its name."""
        return self.name.lower().endswith(".zip")


@dataclass(frozen=True)
class Record:
    """A Zenodo record: its number and its files."""

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
    """What the API answers, as far as it is read here."""

    files: list[_File] = Field(min_length=1)
    links: _RecordLinks = _RecordLinks()


def fetch_record(client: httpx.Client, number: int, api: str, patience: Patience) -> Record:
    """Ask Zenodo for the files of record `number`.

    Args:
        client: makes the request.
        number: the last part of the record's address and of its DOI.
        api: base address of the API.
        patience: how often to try again.

    Raises:
        InputError: `api` is no web address, or there is no such record.
        Failure: the network fails, or the answer is not a record with files.
    """
    if not re.match(r"https?://[^/]", api):
        raise InputError(f"{api!r} is not the address of an API; give one such as {API}")
    address = f"{api.rstrip('/')}/records/{number}"

    def ask() -> httpx.Response:
        response = client.get(address)
        refuse_passing(response)
        return response

    response = insist(ask, address, patience)
    if response.status_code in (404, 410):
        raise InputError(f"there is no record {number} at {address}; give another number with --record")
    if response.status_code != 200:
        raise Failure(f"{address} answers {response.status_code} {response.reason_phrase}")
    return Record(number, _read_files(response.content, address))


def _read_files(content: bytes, address: str) -> tuple[RemoteFile, ...]:
    """The files an answer of the API lists."""
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
    return bool(name) and not name.startswith(".") and not re.search(r"[/\\:\x00-\x1f]", name)


def _addresses(file: _File, page: str | None) -> tuple[str, ...]:
    """The download link of the record's page before the link of the API.

    On zenodo.org the former answers range requests and the latter does not
    (https://github.com/zenodo/zenodo/issues/2593, January 2026), which decides whether a transfer
    that broke off is resumed or starts again.
    """
    if page is None:
        return (file.links.content,)
    return (f"{page.rstrip('/')}/files/{quote(file.key)}?download=1", file.links.content)
