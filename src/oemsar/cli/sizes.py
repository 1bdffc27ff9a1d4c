"""Sizes of files in words."""


def megabytes(size: int | None) -> str:
    """Write a number of bytes in megabytes; `unknown` for None."""
    return "unknown" if size is None else f"{size / 1e6:.1f} MB"
