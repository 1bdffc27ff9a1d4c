"""Names that come from files: of tiles, regions and files in archives, which become parts of paths."""

from oemsar.errors import InputError
from oemsar.visible_text import visible

_LONGEST = 200
"""Bytes of a name, so that a file system that takes 255 has room for an ending and `.partial`."""


def require_file_name(name: str, what: str) -> None:
    """Check that a name can be that of a file in a folder, and of nothing else.

    Args:
        name: Name without a folder, as of a tile.
        what: Noun for it, such as `tile`.

    Raises:
        InputError: It is empty, too long or no text, begins with a dot, or has a slash, backslash, control
            character or mark of direction.
    """
    require_plain_name(name, what)
    if "/" in name or "\\" in name or name.startswith("."):
        raise InputError(f"{what} {name!r} is no plain file name; take out slashes and leading dots")


def require_plain_name(name: str, what: str) -> None:
    """Check that a name is one short line of visible text.

    Args:
        name: Name, as of a region.
        what: Noun for it, such as `region`.

    Raises:
        InputError: It is empty, too long or no text, or has a control character or mark of direction.
    """
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"{what} {name!r} is no name; give it one")
    if visible(name) != name:
        raise InputError(f"{what} {name[:_LONGEST]!r} has characters that are not seen; rename it")
    if len(name.encode()) > _LONGEST:
        raise InputError(f"{what} {name[:40]}... has more than {_LONGEST} bytes in its name; shorten it")
