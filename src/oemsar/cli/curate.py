"""`oemsar curate`: the verbs that make a dataset of aligned pairs."""

from oemsar.cli.lazy_group import Lazy, lazy_typer

app = lazy_typer(
    {
        "tiles": Lazy(
            "oemsar.cli.curate_tiles:tiles",
            "Cut tiles from aligned pairs on one grid a region, by rules that are stored.",
        ),
        "pseudo-label": Lazy(
            "oemsar.cli.curate_pseudo_label:pseudo_label",
            "Label the tiles of a table with the mean of what several models say of them.",
        ),
        "sample": Lazy(
            "oemsar.cli.curate_sample:sample",
            "Draw a probability sample of tiles to label by hand, and write a task for each.",
        ),
        "collect": Lazy(
            "oemsar.cli.curate_collect:collect",
            "Take labels that were made by hand back into a table of tiles.",
        ),
        "check": Lazy(
            "oemsar.cli.curate_check:check",
            "Check labels: agreement, estimates from a probability sample, and what is most likely wrong.",
        ),
    },
    help="Make a dataset of aligned pairs: tiles and their labels.",
)


@app.callback()
def configure() -> None:
    """Make a dataset of aligned pairs: tiles and their labels."""
