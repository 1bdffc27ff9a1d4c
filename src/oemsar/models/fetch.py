"""Published weights fetched by name: resumed, checked, and recorded beside the files."""

import logging
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Literal

from pydantic import JsonValue

from oemsar.addresses import spelled
from oemsar.config_file import Value, read_document, read_value
from oemsar.disk import require_room
from oemsar.errors import Failure, InputError
from oemsar.files import checksum, write_json
from oemsar.folders import claimed, is_record
from oemsar.locks import holds_output
from oemsar.models.config import FetchModelConfig
from oemsar.models.named import MODELS
from oemsar.models.published import WEIGHTS_TO_FETCH, PublishedFile, PublishedWeights
from oemsar.record import RunRecord, run_record
from oemsar.web.cache import cache_folder
from oemsar.web.client import Web, open_web
from oemsar.web.remote_file import RemoteFile
from oemsar.web.retry import RetryPolicy
from oemsar.web.watch import Watch, unwatched

log = logging.getLogger(__name__)

RECORD = "fetched.json"
"""File beside fetched weights that tells where they came from."""
_RATE = 10.0
"""Requests a second to one server."""


class WeightsFile(Value):
    """File of published weights on this machine."""

    name: str
    """Name of the file."""
    address: str
    """Best of the addresses that serve it."""
    size: int
    """Bytes."""
    sha256: str
    """SHA-256 of its content, hexadecimal."""
    compared_with: Literal["sha256", "md5"] | None
    """Published checksum that it was compared with; None where none is published."""


class FetchedWeights(Value):
    """Published weights on this machine: the content of `fetched.json`."""

    format: Literal[1] = 1
    """Version of the format."""
    name: str
    """Name of the weights."""
    path: Path
    """Folder of the files."""
    nothing_done: bool = False
    """Whether everything had been there before."""
    licence: str
    """Licence, or the terms of use."""
    accepted: bool
    """Whether restricting terms were accepted; false where there are none."""
    page: str
    """Address of the page that states the terms."""
    files: tuple[WeightsFile, ...]
    """Files of the weights."""
    use: str
    """Command that uses the weights."""
    record: RunRecord
    """Command, configuration and versions of the run that fetched them."""


def find_weights(name: str) -> PublishedWeights:
    """Find published weights by name.

    Raises:
        InputError: There are none of that name, or they come with a package.
    """
    if name in WEIGHTS_TO_FETCH:
        return WEIGHTS_TO_FETCH.find(name)
    if name in MODELS:
        raise InputError(f"{name} comes with a package, so that nothing is to be fetched; use it by its name")
    raise InputError(
        f"no published weights are known by the name {name}; choose one of {', '.join(WEIGHTS_TO_FETCH)}"
    )


def fetch_model(
    name: str,
    out: Path | None = None,
    *,
    config: FetchModelConfig = FetchModelConfig(),
    watch: Watch = unwatched,
) -> FetchedWeights:
    """Fetch published weights by name, and record beside them where they came from.

    A transfer that broke off goes on where it did. What is there and has the published checksum, or without
    one that of the record, is not fetched again.

    Args:
        name: Name of the weights, as `list_models` tells it.
        out: Folder of the files; by default one of the name in the working directory.
        config: Acceptance of the terms, and patience with the network.
        watch: Opens the report of each piece of work, in bytes.

    Raises:
        InputError: There are no weights of that name, their terms are not accepted, or the folder holds
            something else.
        DiskFull: The disk has no room for the files.
        Failure: The network or the disk fails, the server sends something else, or a checksum is wrong. The
            same call goes on from there.
    """
    weights = find_weights(name)
    if weights.must_accept and not config.accept_licence:
        raise InputError(
            f"{name} may be used only under its terms ({weights.licence}); read {weights.page} "
            "and accept them",
            option="accept_licence",
        )
    return _fetch(name, weights, Path(name) if out is None else out, config=config, watch=watch)


@holds_output()
def _fetch(
    name: str, weights: PublishedWeights, out: Path, *, config: FetchModelConfig, watch: Watch
) -> FetchedWeights:
    record = out / RECORD
    with claimed(record, lambda: _is_record(record)):
        before = _read(record)
        if before is not None and before.name != name:
            raise InputError(f"{out} holds the weights {before.name}; choose another folder", option="out")
        known = {} if before is None else {file.name: file for file in before.files}
        files = tuple(_present(file, out, known.get(file.name), watch) for file in weights.files)
        if before is not None and None not in files:
            return before.model_copy(update={"nothing_done": True, "use": _command(weights, out)})
        with _open(config) as web:
            fetched = FetchedWeights(
                name=name,
                path=out,
                licence=weights.licence,
                accepted=weights.must_accept,
                page=weights.page,
                files=tuple(
                    _transferred(file, out, web, watch) if done is None else done
                    for file, done in zip(weights.files, files, strict=True)
                ),
                use=_command(weights, out),
                record=run_record(config),
            )
        write_json(record, fetched.model_dump(mode="json", exclude={"path", "nothing_done"}))
    return fetched


def _command(weights: PublishedWeights, out: Path) -> str:
    """Write the command that uses the weights in a folder."""
    return weights.use.replace("FILE", str(out / weights.files[0].name)).replace("FOLDER", str(out))


def _is_record(path: Path) -> bool:
    return is_record(path, "name", "files", "licence")


def _read(record: Path) -> FetchedWeights | None:
    """Read the record of an earlier run; None where there is none."""
    if not _is_record(record):
        return None
    what = "record of fetched weights"
    stored = read_document(record, what)
    fields: dict[str, JsonValue] = stored if isinstance(stored, dict) else {}
    return read_value(record, FetchedWeights, what, {**fields, "path": str(record.parent)})


def _present(file: PublishedFile, out: Path, before: WeightsFile | None, watch: Watch) -> WeightsFile | None:
    """Find a file that is there as published, or as it was recorded; None where it is to be fetched."""
    target = out / file.name
    if not target.is_file():
        return None
    with watch(f"Checking {file.name}"):
        found = WeightsFile(
            name=file.name,
            address=spelled(file.addresses[0]),
            size=target.stat().st_size,
            sha256=checksum(target),
            compared_with=_checksum_kind(file),
        )
        right = _is_published(file, target, found)
    if right is None:
        right = before is not None and before.sha256 == found.sha256
    if not right:
        log.warning("%s is not the published file and will be replaced", target)
    return found if right else None


def _is_published(file: PublishedFile, target: Path, found: WeightsFile) -> bool | None:
    """Compare a file with what is published of it; None where nothing is that would tell."""
    if file.size not in (None, found.size):
        return False
    if file.sha256:
        return found.sha256 == file.sha256
    return checksum(target, "md5") == file.md5 if file.md5 else None


def _checksum_kind(file: PublishedFile) -> Literal["sha256", "md5"] | None:
    if file.sha256:
        return "sha256"
    return "md5" if file.md5 else None


def _open(config: FetchModelConfig) -> AbstractContextManager[Web]:
    """Open the client."""
    policy = RetryPolicy(config.tries, config.first_wait, config.longest_wait)
    return open_web(policy=policy, timeout=config.timeout, rate=_RATE, at_once=1, cache=cache_folder())


def _transferred(file: PublishedFile, out: Path, web: Web, watch: Watch) -> WeightsFile:
    """Fetch a file, compare it with what is published, and tell what came."""
    address = file.addresses[0]
    size = web.size(address) if file.size is None else file.size
    if size is None:
        raise Failure(f"{address} is not there; see whether {file.name} is still public")
    remote = RemoteFile(file.name, size, file.md5 or None, file.addresses, file.sha256 or None)
    transfer = web.transfer(remote, out)
    received = transfer.bytes_received()
    require_room(out, size - received, f"for {file.name}")
    if received:
        log.info("%s: going on after %d of %d bytes", file.name, received, size)
    with watch(f"Downloading {file.name}") as report:
        transfer.receive(web.client, web.policy, report)
    with watch(f"Checking {file.name}"):
        target = transfer.verify_and_rename()
        return WeightsFile(
            name=file.name,
            address=spelled(address),
            size=size,
            sha256=checksum(target),
            compared_with=_checksum_kind(file),
        )
