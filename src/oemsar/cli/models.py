"""`oemsar models`: the verbs that bring networks in and take them out."""

from oemsar.cli.lazy_group import Lazy, lazy_typer

app = lazy_typer(
    {
        "import": Lazy(
            "oemsar.cli.models_import:import_",
            "Turn a published checkpoint into what oemsar predicts with or trains from.",
        ),
        "list": Lazy(
            "oemsar.cli.models_list:list_",
            "List the models that names stand for, and published weights that may be fetched.",
            reads=False,
        ),
        "fetch": Lazy(
            "oemsar.cli.models_fetch:fetch",
            "Fetch published weights by name, checked and resumable.",
            reads=False,
        ),
        "calibrate": Lazy(
            "oemsar.cli.models_calibrate:calibrate",
            "Make the confidence of a model mean what it says, from the labels of a split.",
        ),
        "export": Lazy(
            "oemsar.cli.models_export:export",
            "Write a network as ONNX: pixels 0 to 255 in, logits and probabilities of the eight classes out.",
        ),
    },
    help="List, fetch and import published weights, calibrate and export trained networks.",
)


@app.callback()
def configure() -> None:
    """List, fetch and import published weights, calibrate and export trained networks."""
