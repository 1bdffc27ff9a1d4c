"""`oemsar scenes`: the verbs that find and fetch imagery from public services."""

from oemsar.cli.lazy_group import Lazy, lazy_typer

app = lazy_typer(
    {
        "sources": Lazy(
            "oemsar.cli.scenes_sources:sources",
            "List the sources of scenes, their terms and addresses.",
            reads=False,
        ),
        "find": Lazy(
            "oemsar.cli.scenes_find:find",
            "Look for the scenes of a source in an area and a time, and write the table of scenes.",
        ),
        "fetch": Lazy(
            "oemsar.cli.scenes_fetch:fetch",
            "Fetch the files of SCENES to OUT/SOURCE/SCENE, and record them with their terms in "
            "OUT/fetched.json.",
        ),
    },
    help="Find and fetch radar scenes, orthophotos and elevation models.",
)


@app.callback()
def configure() -> None:
    """Find and fetch radar scenes, orthophotos and elevation models."""
