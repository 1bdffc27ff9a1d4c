"""Download of the published release, from its Zenodo record to files on disk."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import httpx

import oemsar
from oemsar.config_file import Value
from oemsar.dataset.download import archive, zenodo
from oemsar.dataset.download.config import DownloadConfig
from oemsar.dataset.download.ledger import Ledger
from oemsar.dataset.download.zenodo import ZenodoRecord
from oemsar.disk import require_room
from oemsar.errors import InputError
from oemsar.files import require_writable
from oemsar.locks import holds_output
from oemsar.web.remote_file import RemoteFile
from oemsar.web.retry import RetryPolicy
from oemsar.web.transfer import ResumableDownload
from oemsar.web.watch import Watch, unwatched

_log = logging.getLogger(__name__)


EXPANSION = 2.0
"""Bytes an archive is taken to expand to per byte of its own, before its directory can be read.

Radar and optical pixels shrink by less than half under deflate; the exact sizes are compared with the
free space once the archive is there.
"""

State = Literal["downloaded", "downloaded before", "extracted", "extracted before"]


class DownloadedFile(Value):
    """One file of the record after a download."""

    name: str
    """File name in the record."""
    size: int
    """Bytes of the file itself."""
    md5: str
    """MD5 of its content, hexadecimal, which was compared."""
    state: State
    """Work done on the file, or that it had been done before."""
    files: int | None = None
    """Number of files extracted from it; None where it was not extracted."""


class DownloadSummary(Value):
    """Files of a record after a download."""

    record: int
    """Number of the record."""
    destination: Path
    """Folder of the archives and of the trees extracted from them."""
    nothing_done: bool
    """Whether everything had been there before."""
    files: tuple[DownloadedFile, ...]
    """Files of the record that were asked for, in its order."""


@dataclass(frozen=True)
class DownloadStep:
    """One file to get, and how much of the work an earlier run has done.

    Attributes:
        transfer: Transfer of the file into its folder.
        extracted: Number of files an earlier run extracted from it; None where that is to do.
        is_whole: Whether the file lies in its folder with the right checksum.
    """

    transfer: ResumableDownload
    extracted: int | None
    is_whole: bool


@holds_output()
def download_release(
    out: Path, *, config: DownloadConfig = DownloadConfig(), watch: Watch = unwatched
) -> DownloadSummary:
    """Bring the files of a Zenodo record to disk: transfer, checksum, extraction.

    Work that an earlier run has done, however it ended, is not done again.

    Args:
        out: Folder of the archives and of the trees extracted from them; created where it is missing.
        config: Files to get, and their treatment.
        watch: Opens the report of each piece of work, in bytes.

    Raises:
        InputError: The folder cannot be written to or holds files of another origin, or there is no such
            record or file.
        DiskFull: The disk has no room for the archives or for their content.
        Failure: The network or the disk fails, a checksum is wrong or an archive is refused. The same
            call goes on from there.
    """
    require_writable(out)
    policy = RetryPolicy(config.tries, config.first_wait, config.longest_wait)
    agent = {"User-Agent": f"oemsar/{oemsar.__version__}"}
    with httpx.Client(timeout=config.timeout, follow_redirects=True, headers=agent) as client:
        record = zenodo.fetch_record(client, config.record, config.url, policy)
        ledger = Ledger.open(out, record)
        steps = [
            _inspect(ResumableDownload(remote, out), config, ledger, watch)
            for remote in _choose(record, config.only)
        ]
        require_room(out, space_needed(steps, config), "for the archives and what they expand to")
        files = []
        for step in steps:
            if step.extracted is None and not step.is_whole:
                ledger.add(step.transfer.remote.name)
                _fetch(step.transfer, client, policy, watch)
            if step.extracted is None:
                ledger.save()
            files.append(_finish(step, config, watch))
    nothing_done = all(file.state.endswith("before") for file in files)
    return DownloadSummary(
        record=config.record, destination=out, nothing_done=nothing_done, files=tuple(files)
    )


def space_needed(steps: Sequence[DownloadStep], config: DownloadConfig) -> int:
    """Compute the bytes that must be free at the fullest moment.

    Archives that are yet to come are taken to expand `EXPANSION` times, those that are there are looked
    into. Where archives are not kept, each makes room for the next.

    Args:
        steps: Files to get, one after the other.
        config: Whether archives are extracted and kept.

    Raises:
        Failure: An archive that is there is refused.
    """
    held = fullest = 0
    for step in steps:
        if step.extracted is not None:
            continue
        remote = step.transfer.remote
        is_extracted = config.extract and remote.is_zip
        coming = 0 if step.is_whole else remote.size - step.transfer.bytes_received()
        expanded = _expansion(step) if is_extracted else 0
        held += coming + expanded
        fullest = max(fullest, held)
        if is_extracted and not config.keep_archives:
            held -= remote.size
    return fullest


def _expansion(step: DownloadStep) -> int:
    """Compute the bytes that the archive of a step will add by its extraction."""
    if step.is_whole:
        return archive.missing_bytes(archive.list_members(step.transfer.target), step.transfer.folder)
    return int(EXPANSION * step.transfer.remote.size)


def _choose(record: ZenodoRecord, only: Sequence[str]) -> list[RemoteFile]:
    """Choose the files of a record by name, or all, in the order of the record."""
    names = [remote.name for remote in record.files]
    for name in only:
        if name not in names:
            raise InputError(
                f"record {record.id} has no file {name!r}; it has {', '.join(names)}", option="only"
            )
    return [remote for remote in record.files if not only or remote.name in only]


def _inspect(
    transfer: ResumableDownload, config: DownloadConfig, ledger: Ledger, watch: Watch
) -> DownloadStep:
    """Find what earlier runs have left of one file."""
    remote, extracted = transfer.remote, None
    if config.extract and remote.is_zip:
        extracted = archive.extracted_files(remote.name, remote.digest, transfer.folder)
    if extracted is not None or not transfer.target.exists():
        return DownloadStep(transfer, extracted, is_whole=False)
    with watch(f"Checking {remote.name}"):
        is_whole = transfer.is_whole()
    if not is_whole:
        ledger.require_own(transfer.target)
        _log.warning("%s is not the file of the record and will be replaced", transfer.target)
    return DownloadStep(transfer, None, is_whole)


def _finish(step: DownloadStep, config: DownloadConfig, watch: Watch) -> DownloadedFile:
    """Extract a file that lies in its folder, where that is left to do, and remove what is not kept."""
    transfer, remote, files = step.transfer, step.transfer.remote, step.extracted
    state: State = "downloaded before" if step.is_whole else "downloaded"
    if files is not None:
        state = "extracted before"
    transfer.clear()
    if config.extract and remote.is_zip:
        if files is None:
            files = _unpack(transfer, watch)
            state = "extracted"
        if not config.keep_archives:
            transfer.target.unlink(missing_ok=True)
    return DownloadedFile(name=remote.name, size=remote.size, md5=remote.digest, state=state, files=files)


def _fetch(transfer: ResumableDownload, client: httpx.Client, policy: RetryPolicy, watch: Watch) -> None:
    received = transfer.bytes_received()
    if received:
        _log.info("%s: going on after %d of %d bytes", transfer.remote.name, received, transfer.remote.size)
    with watch(f"Downloading {transfer.remote.name}") as report:
        transfer.receive(client, policy, report)
    with watch(f"Checking {transfer.remote.name}"):
        transfer.verify_and_rename()


def _unpack(transfer: ResumableDownload, watch: Watch) -> int:
    """Extract a whole archive, record that it is done, and count its files."""
    folder = transfer.folder
    members = archive.list_members(transfer.target)
    require_room(
        folder, archive.missing_bytes(members, folder), f"for what {transfer.remote.name} expands to"
    )
    with watch(f"Extracting {transfer.remote.name}") as report:
        archive.extract(transfer.target, members, folder, report)
    archive.mark_extracted(transfer.remote.name, transfer.remote.digest, members, folder)
    return len(members)
