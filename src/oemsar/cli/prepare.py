"""`oemsar prepare`: the verbs that turn scenes into aligned pairs."""

from oemsar.cli.lazy_group import Lazy, lazy_typer

app = lazy_typer(
    {
        "radiometry": Lazy(
            "oemsar.cli.prepare_radiometry:radiometry",
            "Write SCENE as 8-bit amplitude, 1 to 255, 0 where it carries no data.",
        ),
        "ortho": Lazy(
            "oemsar.cli.prepare_ortho:ortho",
            "Take the terrain out of a scene of any size: RPC or look, and an elevation model.",
        ),
        "align": Lazy(
            "oemsar.cli.prepare_align:align", "Bring SAR onto OPTICAL and say how well it lies there."
        ),
        "pair": Lazy(
            "oemsar.cli.prepare_pair:pair",
            "Put a radar scene and an orthophoto on one grid, aligned, with masks and a record of how.",
        ),
    },
    help="Turn radar scenes and orthophotos into aligned pairs.",
)


@app.callback()
def configure() -> None:
    """Turn radar scenes and orthophotos into aligned pairs."""
