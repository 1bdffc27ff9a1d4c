"""The published release, from its Zenodo record to files on disk."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

import oemsar
from oemsar.dataset.download import archive, zenodo
from oemsar.dataset.download.disk_space import require_space
from oemsar.dataset.download.retry import Patience
from oemsar.dataset.download.transfer import Landing
from oemsar.dataset.download.zenodo import Record, RemoteFile
from oemsar.errors import InputError
from oemsar.files import require_writable
from oemsar.progress import Report, silent

log = logging.getLogger(__name__)

EXPANSION = 2.0
"""Bytes an archive is taken to expand to per byte of its own, before its directory can be read.

Radar and optical pixels shrink by less than half under deflate; the exact sizes are compared with the
free space once the archive is there.
"""

State = Literal["downloaded", "downloaded before", "extracted", "extracted before"]
Watch = Callable[[str], AbstractContextManager[Report]]
"""Opens the report, in bytes, of a piece of work with this description."""


@contextmanager
def unwatched(description: str) -> Iterator[Report]:
    """Watch nothing."""
    yield silent


@dataclass(frozen=True)
class DownloadConfig:
    """What to get and where to put it.

    Attributes:
        destination: folder of the archives and of the trees extracted from them.
        record: number of the Zenodo record.
        only: names of the files to get; all of the record's where empty.
        extract: whether to extract the archives.
        keep_archives: whether an archive stays once it has been extracted.
        url: base address of the Zenodo API.
        patience: how often and how long to try again.
    """

    destination: Path
    record: int = zenodo.CONTEST_RECORD
    only: tuple[str, ...] = ()
    extract: bool = True
    keep_archives: bool = True
    url: str = zenodo.API
    patience: Patience = field(default_factory=Patience)


@dataclass(frozen=True)
class Outcome:
    """What became of one file of the record.

    Attributes:
        name: file name in the record.
        size: bytes of the file itself.
        md5: its checksum, which was compared.
        state: what was done, or had been done before.
        files: number of files extracted from it; None where it was not extracted.
    """

    name: str
    size: int
    md5: str
    state: State
    files: int | None = None


@dataclass(frozen=True)
class DownloadSummary:
    """What a download has brought."""

    record: int
    destination: Path
    outcomes: tuple[Outcome, ...]

    @property
    def nothing_done(self) -> bool:
        """Whether everything had been there before."""
        return all(outcome.state.endswith("before") for outcome in self.outcomes)

    def as_json(self) -> dict[str, Any]:
        """The summary as plain values."""
        return {
            "record": self.record,
            "destination": str(self.destination),
            "nothing_done": self.nothing_done,
            "files": [asdict(outcome) for outcome in self.outcomes],
        }


@dataclass(frozen=True)
class Step:
    """One file to get, and how much of the work an earlier run has done.

    Attributes:
        landing: the file and where it comes down.
        extracted: number of files an earlier run extracted from it; None where that is to do.
        is_whole: whether it lies there with the right checksum.
    """

    landing: Landing
    extracted: int | None
    is_whole: bool


def download(config: DownloadConfig, watch: Watch = unwatched) -> DownloadSummary:
    """Bring the files of a record to disk: transfer, checksum, extraction.

    What an earlier run has done, however it ended, is not done again.

    Raises:
        InputError: the destination cannot be written to, or there is no such record or file.
        Failure: the network or the disk fails, a checksum is wrong or an archive is refused. The same
            call goes on from there.
    """
    if not config.extract and not config.keep_archives:
        raise InputError("--no-extract with --remove-archives would leave nothing; choose one of them")
    require_writable(config.destination)
    agent = {"User-Agent": f"oemsar/{oemsar.__version__}"}
    with httpx.Client(timeout=config.patience.timeout, follow_redirects=True, headers=agent) as client:
        record = zenodo.fetch_record(client, config.record, config.url, config.patience)
        steps = [_look(remote, config, watch) for remote in _choose(record, config.only)]
        require_space(
            config.destination, space_needed(steps, config), "for the archives and what they expand to"
        )
        outcomes = tuple(_perform(step, client, config, watch) for step in steps)
    return DownloadSummary(config.record, config.destination, outcomes)


def space_needed(steps: Sequence[Step], config: DownloadConfig) -> int:
    """Bytes that must be free for `steps`, one after the other, at the fullest moment.

    Archives that are yet to come are taken to expand `EXPANSION` times, those that are there are looked
    into. With `config.keep_archives` off, each archive makes room for the next.

    Raises:
        Failure: an archive that is there is refused.
    """
    held = fullest = 0
    for step in steps:
        if step.extracted is not None:
            continue
        remote = step.landing.remote
        is_extracted = config.extract and remote.is_zip
        coming = 0 if step.is_whole else remote.size - step.landing.kept()
        expanded = _expansion(step, config.destination) if is_extracted else 0
        held += coming + expanded
        fullest = max(fullest, held)
        if is_extracted and not config.keep_archives:
            held -= remote.size
    return fullest


def _expansion(step: Step, folder: Path) -> int:
    """Bytes that the archive of `step` will add by its extraction."""
    if step.is_whole:
        return archive.missing_bytes(archive.list_members(step.landing.target), folder)
    return int(EXPANSION * step.landing.remote.size)


def _choose(record: Record, only: Sequence[str]) -> list[RemoteFile]:
    """The files of `record` named in `only`, or all, in the order of the record."""
    names = [remote.name for remote in record.files]
    for name in only:
        if name not in names:
            raise InputError(f"record {record.id} has no file {name!r}; it has {', '.join(names)}")
    return [remote for remote in record.files if not only or remote.name in only]


def _look(remote: RemoteFile, config: DownloadConfig, watch: Watch) -> Step:
    """See what earlier runs have left of one file."""
    landing = Landing(remote, config.destination)
    extracted = None
    if config.extract and remote.is_zip:
        extracted = archive.extracted_files(remote.name, remote.md5, config.destination)
    if extracted is not None or not landing.target.exists():
        return Step(landing, extracted, is_whole=False)
    with watch(f"Checking {remote.name}"):
        is_whole = landing.is_whole()
    if not is_whole:
        log.warning("%s is not the file of the record and will be replaced", landing.target)
    return Step(landing, None, is_whole)


def _perform(step: Step, client: httpx.Client, config: DownloadConfig, watch: Watch) -> Outcome:
    """Do what is left of one step."""
    remote, landing = step.landing.remote, step.landing
    state: State = "downloaded before"
    files = step.extracted
    if files is not None:
        state = "extracted before"
    elif not step.is_whole:
        _fetch(landing, client, config.patience, watch)
        state = "downloaded"
    landing.clear()
    if config.extract and remote.is_zip:
        if files is None:
            files = _unpack(landing, config.destination, watch)
            state = "extracted"
        if not config.keep_archives:
            landing.target.unlink(missing_ok=True)
    return Outcome(remote.name, remote.size, remote.md5, state, files)


def _fetch(landing: Landing, client: httpx.Client, patience: Patience, watch: Watch) -> None:
    kept = landing.kept()
    if kept:
        log.info("%s: going on after %d of %d bytes", landing.remote.name, kept, landing.remote.size)
    with watch(f"Downloading {landing.remote.name}") as report:
        landing.receive(client, patience, report)
    with watch(f"Checking {landing.remote.name}"):
        landing.accept()


def _unpack(landing: Landing, folder: Path, watch: Watch) -> int:
    """Extract a whole archive and note that it is done; returns the number of its files."""
    members = archive.list_members(landing.target)
    require_space(
        folder, archive.missing_bytes(members, folder), f"for what {landing.remote.name} expands to"
    )
    with watch(f"Extracting {landing.remote.name}") as report:
        archive.extract(landing.target, members, folder, report)
    archive.mark_extracted(landing.remote.name, landing.remote.md5, members, folder)
    return len(members)
