"""`oemsar models import`: a published checkpoint as a saved model or an encoder file."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def import_(
    checkpoint: Annotated[Path, typer.Argument(metavar="FILE.pth", help="The checkpoint, a PyTorch file.")],
    *,
    out: Annotated[
        Path,
        typer.Option(help="Folder of the saved model; for a classifier the encoder file, .safetensors."),
    ],
    channels: Annotated[
        Literal["radar-first", "optical-first"],
        typer.Option(help="How a U-Net of four channels stacks its input."),
    ] = "radar-first",
) -> None:
    """Turn a published checkpoint into what oemsar predicts with or trains from.

    Takes U-Nets of the OpenEarthMap-SAR authors (saved model), and ImageNet classifiers of Mix Transformer
    and VMamba (encoder file for oemsar train --encoder-weights). Only tensors are read of the file.
    """
    from oemsar.models.import_checkpoint import import_checkpoint

    what = import_checkpoint(checkpoint, out, channels)
    typer.echo(f"{out}: {what}")
