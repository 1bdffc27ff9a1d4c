"""`oemsar train`: train a network on a table of tiles."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    *,
    data: Annotated[Path | None, typer.Option(help="Table of tiles; trains on its split train.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    model: Annotated[str | None, typer.Option(help="Architecture.", show_default="unet")] = None,
    encoder: Annotated[
        str | None,
        typer.Option(help="Encoder, as the architecture's library calls it.", show_default="efficientnet-b4"),
    ] = None,
    modalities: Annotated[
        str | None, typer.Option(help="Imagery: sar, optical or sar+optical.", show_default="sar")
    ] = None,
    regime: Annotated[
        str | None,
        typer.Option(
            help="Labels: P, P+R1, P+R5, R1 or R5 (pseudo, 1 or 5 real of each region).",
            show_default="the labels of split train",
        ),
    ] = None,
    manifests: Annotated[
        Path | None,
        typer.Option(
            help="Folder of `oemsar data regimes`.", show_default="computed with seed 0", file_okay=False
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(help="Optimiser steps.", show_default="20000")] = None,
    crop: Annotated[
        int | None, typer.Option(help="Side of a training crop in pixels.", show_default="512")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(help="Crops in a step, over all devices.", show_default="8")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of every random draw.", show_default="0")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="YAML file of options; flags win over it.", dir_okay=False)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Highest learning rate of AdamW.", show_default="0.001")
    ] = None,
    weight_decay: Annotated[
        float | None, typer.Option(help="Weight decay of AdamW.", show_default="0.01")
    ] = None,
    warmup: Annotated[
        int | None,
        typer.Option(
            help="Steps of rising learning rate.", show_default="a twentieth of the steps, at most 1000"
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="ce+dice, ce, dice, focal, jaccard, symmetric_ce or generalised_ce.", show_default="ce+dice"
        ),
    ] = None,
    class_weights: Annotated[
        str | None,
        typer.Option(
            help="none, inverse_frequency, sqrt_inverse_frequency or effective_number.", show_default="none"
        ),
    ] = None,
    augment: Annotated[
        bool | None,
        typer.Option("--augment/--no-augment", help="Turn, scale and relight crops.", show_default="augment"),
    ] = None,
    pretrained: Annotated[
        bool | None,
        typer.Option(
            "--pretrained/--no-pretrained",
            help="Start from ImageNet weights, fetched over the network.",
            show_default="no-pretrained",
        ),
    ] = None,
    validate_every: Annotated[
        int | None, typer.Option(help="Steps between validations.", show_default="1000")
    ] = None,
    checkpoint_every: Annotated[
        int | None, typer.Option(help="Steps between checkpoints.", show_default="250")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="auto, float32 or bfloat16.", show_default="auto")
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.", show_default="auto")] = None,
    devices: Annotated[
        int | None, typer.Option(help="Processes that share a batch, each on a device.", show_default="1")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes that read crops, for each device.", show_default="from the cores"),
    ] = None,
) -> None:
    """Train a network on the tiles of a table; the model is then in OUT/model."""
    given = {name: value for name, value in locals().items() if value is not None}
    del given["resume"]
    given.pop("config", None)

    from oemsar.train.run import train as run
    from oemsar.train.run_folder import gather

    run(gather(given, file=config, resume=resume), resume=resume)
