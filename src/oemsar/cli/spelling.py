"""Names of options as the command line writes them."""


def spelled(name: str) -> str:
    """Spell an option as the command line does: `dem_datum` is `--dem-datum`, and `from_` is `--from`."""
    return "--" + name.rstrip("_").replace("_", "-")
