"""`oemsar data`: the verbs that find, check, divide, count, draw and fetch tiles."""

from oemsar.cli.lazy_group import Lazy, lazy_typer

app = lazy_typer(
    {
        "index": Lazy(
            "oemsar.cli.data_index:index", "Find the tiles below ROOT and write the table of tiles."
        ),
        "verify": Lazy(
            "oemsar.cli.data_verify:verify",
            "Decode every file of TILES; exit code 1 when something is wrong with one.",
        ),
        "regions": Lazy(
            "oemsar.cli.data_regions:regions",
            "List the regions of TILES; a whole release is held against the published counts.",
        ),
        "regimes": Lazy(
            "oemsar.cli.data_regimes:regimes",
            "Write the tiles of P, P+R1, P+R5, R1, R5 and of the test set, and the ground they share.",
        ),
        "stats": Lazy(
            "oemsar.cli.data_stats:stats",
            "Count pixels and segments of every class, by split, country and region.",
        ),
        "agreement": Lazy(
            "oemsar.cli.data_agreement:agreement",
            "Compare pseudo labels with real ones, or the labels of TILES with those of another folder.",
        ),
        "figures": Lazy(
            "oemsar.cli.data_figures:figures",
            "Draw the map of the regions of TILES, and images and labels of some of them.",
        ),
        "download": Lazy(
            "oemsar.cli.data_download:download",
            "Get the published dataset from Zenodo and extract it below DEST.",
        ),
    },
    help="Find, check, divide, count, draw and fetch the tiles of a dataset.",
)


@app.callback()
def configure() -> None:
    """Find, check, divide, count, draw and fetch the tiles of a dataset."""
