"""Files that may lie beside a product."""

from pathlib import Path


def is_file(path: Path) -> bool:
    """Check whether `path` is a file; a name that no file can have, such as one too long, is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
