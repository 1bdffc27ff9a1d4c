"""Zip archives from elsewhere: looked through before a byte is written, extracted whole or resumably."""

import re
import stat
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from oemsar.archives import ZIP_FAULTS
from oemsar.config_file import Value, read_json
from oemsar.errors import Failure, InputError
from oemsar.files import partial_path, unlinked, write_json
from oemsar.limits import require_limit, require_regular
from oemsar.progress import Report, silent
from oemsar.visible_text import visible
from oemsar.web.disk_space import write_errors

_BLOCK = 1 << 20
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_PATCHED = 0x20
"""Flag bits: encrypted, strongly encrypted, directory masked; a patch (APPNOTE.TXT 6.3.10 section 4.4.4)."""

_LONGEST_NAME = 240
"""Bytes of a file name, so that a file system that takes 255 has room for `.partial`."""


@dataclass(frozen=True)
class Limits:
    """Bytes an archive may expand to: the greater of a floor and a multiple of its own size.

    Deflate shrinks at most 1032 times, and a label tile of one class comes near that, so that a ratio
    alone would refuse honest archives of labels; the floor lets the small ones through.

    Attributes:
        ratio: Multiple of the size of the archive.
        floor: Bytes that every archive may expand to.
    """

    ratio: float = 100.0
    floor: int = 8 << 30

    def bytes_allowed(self, archive_size: int) -> int:
        """Compute the bytes that an archive of `archive_size` bytes may expand to."""
        return max(self.floor, int(self.ratio * archive_size))


@dataclass(frozen=True)
class Member:
    """File in an archive.

    Attributes:
        path: Path below the folder of the extraction.
        size: Bytes of the file once extracted.
        crc: CRC-32 of its content.
        info: Entry in the directory of the archive.
    """

    path: PurePosixPath
    size: int
    crc: int
    info: zipfile.ZipInfo

    def is_at(self, folder: Path) -> bool:
        """Tell whether the extracted file is there with the same content, which is then read."""
        target = folder / self.path
        if not target.is_file() or target.stat().st_size != self.size:
            return False
        crc = 0
        with target.open("rb") as file:
            while block := file.read(_BLOCK):
                crc = zlib.crc32(block, crc)
        return crc == self.crc


class ExtractionRecord(Value):
    """Mark of an archive that has been extracted, stored beside it."""

    md5: str
    """MD5 of the archive, hexadecimal."""
    files: tuple[str, ...]
    """Paths of its files below the folder."""
    format: int = 1
    """Version of the layout of the file."""


def list_members(archive: Path, limits: Limits | None = None) -> tuple[Member, ...]:
    """List the files of an archive, and refuse it as a whole where anything in it is unsafe.

    Refused are absolute paths, drive letters, backslashes and `..`; links and special files; encrypted
    members and methods other than stored and deflated; two members of one name; and more bytes in all
    than the limits allow.

    Args:
        archive: Path of the archive.
        limits: Bytes it may expand to; `Limits()` by default.

    Returns:
        Files in the order of the archive; folders follow from their paths.

    Raises:
        Failure: The file is no zip archive, or something in it is refused.
    """
    require_regular(archive)
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except ZIP_FAULTS as error:
        raise Failure(
            f"{archive} is not a complete zip archive ({error}); ask its publishers for another"
        ) from error
    require_limit(len(infos), "archive_entries", f"{archive} declares entries:")
    for info in infos:
        if (reason := _reason_to_refuse(info)) is not None:
            raise Failure(f"{archive} is refused: its member {info.orig_filename!r} {reason}")
    members = tuple(
        Member(PurePosixPath(info.filename), info.file_size, info.CRC, info)
        for info in infos
        if not info.is_dir()
    )
    _refuse_collisions(archive, members)
    _refuse_bomb(archive, members, limits or Limits())
    return members


def missing_bytes(members: Sequence[Member], folder: Path) -> int:
    """Count the bytes that `extract` has yet to write, judged by the sizes of the files in `folder`."""
    targets = ((folder / member.path, member.size) for member in members)
    return sum(size for target, size in targets if not (target.is_file() and target.stat().st_size == size))


def extract(archive: Path, members: Sequence[Member], folder: Path, report: Report = silent) -> int:
    """Write `members` of `archive` under `folder`, each keeping its own path.

    A member is written beside its name and renamed once its size and CRC-32 are right, and one already
    there with the right content is left alone: a killed extraction is gone on with by calling it again.

    Args:
        archive: Path of the archive.
        members: Files as `list_members` gave them for this archive.
        folder: Existing folder to write below.
        report: Called with the bytes in place and the bytes in all.

    Returns:
        Number of files written; those already in place are not counted.

    Raises:
        DiskFull: The disk has no room left.
        Failure: The content differs from what the directory declares, or the disk fails.
    """
    total = sum(member.size for member in members)
    done = written = 0
    report(done, total)
    with zipfile.ZipFile(archive) as opened:
        for member in members:
            with write_errors(folder / member.path):
                if not member.is_at(folder):
                    _write_member(opened, member, folder / member.path)
                    written += 1
            done += member.size
            report(done, total)
    return written


def mark_extracted(archive_name: str, md5: str, members: Sequence[Member], folder: Path) -> None:
    """Record in `folder` that the archive of this name and checksum has been extracted there."""
    extracted = ExtractionRecord(md5=md5, files=tuple(str(member.path) for member in members))
    with write_errors(_marker(archive_name, folder)):
        write_json(_marker(archive_name, folder), extracted.model_dump(mode="json"))


def extracted_files(archive_name: str, md5: str, folder: Path) -> int | None:
    """Count the files an earlier run extracted; None where it did not finish or one of them is gone."""
    try:
        record = read_json(_marker(archive_name, folder), ExtractionRecord, "record of an extraction")
    except InputError:
        return None
    if record.md5 != md5 or not all((folder / path).is_file() for path in record.files):
        return None
    return len(record.files)


def _marker(archive_name: str, folder: Path) -> Path:
    return folder / f".{archive_name}.extracted.json"


def _reason_to_refuse(info: zipfile.ZipInfo) -> str | None:
    """Find why a member may not be extracted; None where it may."""
    name, mode = info.orig_filename, info.external_attr >> 16
    parts = PurePosixPath(name).parts
    faults = {
        "has an absolute path, a drive letter, a backslash or a control character in its name": (
            "\\" in name or visible(name) != name or re.match(r"[A-Za-z]:|/", name)
        ),
        "points outside of the folder": ".." in parts or not parts,
        f"has a name of more than {_LONGEST_NAME} bytes": any(
            len(part.encode("utf-8", "surrogatepass")) > _LONGEST_NAME for part in parts
        ),
        "is a link or a special file": stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR),
        "is encrypted": info.flag_bits & _ENCRYPTED,
        f"is packed by method {info.compress_type}, where 0 and 8 are read": (
            info.flag_bits & _PATCHED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        ),
    }
    return next((reason for reason, found in faults.items() if found), None)


def _refuse_collisions(archive: Path, members: Sequence[Member]) -> None:
    """Refuse two members of one path, and a file that is a folder to another."""
    paths = {member.path for member in members}
    if len(paths) < len(members):
        raise Failure(f"{archive} is refused: two of its members have the same path")
    for member in members:
        if not paths.isdisjoint(member.path.parents):
            raise Failure(f"{archive} is refused: its member {str(member.path)!r} lies in another file")


def _refuse_bomb(archive: Path, members: Sequence[Member], limits: Limits) -> None:
    total, size = sum(member.size for member in members), archive.stat().st_size
    if total > limits.bytes_allowed(size):
        raise Failure(f"{archive} is refused: its {size} bytes would expand to {total}")


def _write_member(opened: zipfile.ZipFile, member: Member, target: Path) -> None:
    partial = unlinked(partial_path(target))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy_member(opened, member, partial)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _copy_member(opened: zipfile.ZipFile, member: Member, partial: Path) -> None:
    """Decompress into `partial`, and never write more than the directory declares.

    The standard library stops at the declared size and compares the CRC-32 there.
    """
    written = 0
    try:
        with opened.open(member.info) as source, partial.open("wb") as file:
            while block := source.read(_BLOCK):
                written += file.write(block)
    except ZIP_FAULTS as error:
        raise Failure(f"{opened.filename} is damaged at its member {str(member.path)!r} ({error})") from error
    if written != member.size:
        raise Failure(
            f"{opened.filename} is damaged: its member {str(member.path)!r} has {written} bytes "
            f"where its directory declares {member.size}"
        )
