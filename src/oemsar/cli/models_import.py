"""`oemsar models import`: a published checkpoint as a saved model or an encoder file."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import with_options
from oemsar.models.config import ImportConfig


@with_options
def import_(
    checkpoint: Annotated[Path, typer.Argument(metavar="FILE.pth", help="Checkpoint, a PyTorch file.")],
    *,
    out: Annotated[
        Path,
        typer.Option(help="Folder of the saved model; for a classifier the encoder file, .safetensors."),
    ],
    config: ImportConfig,
) -> None:
    """Turn a published checkpoint into what oemsar predicts with or trains from.

    Takes U-Nets of the OpenEarthMap-SAR authors (saved model), and ImageNet classifiers of Mix Transformer
    and VMamba (encoder file for oemsar train --encoder-weights). Only tensors are read of the file.
    """
    from oemsar.models.import_checkpoint import import_checkpoint

    imported = import_checkpoint(checkpoint, out, config=config)
    typer.echo(f"{imported.path}: {imported.content}")
