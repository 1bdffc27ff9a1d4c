"""`oemsar train`: train a network on a table of tiles."""

from pathlib import Path
from typing import Annotated, Any

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.train.config import TrainConfig


@with_options
def train(
    *,
    data: Annotated[
        Path | None,
        typer.Option(help="Table of tiles; trains on its split train, validates on val.", dir_okay=False),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")] = False,
    config: Annotated[
        Path | None, typer.Option(help="YAML file of options; flags win over it.", dir_okay=False)
    ] = None,
    given: Annotated[dict[str, Any], TrainConfig],
    as_json: AsJson = False,
) -> None:
    """Train a network on the tiles of a table; the model is then in OUT/model."""
    from oemsar.train.run import train_model
    from oemsar.train.run_folder import resolve_config
    from oemsar.train.trainer import process_rank

    named = {name: path for name, path in (("data", data), ("out", out)) if path is not None}
    options = resolve_config({**named, **given}, file=config, resume=resume)
    beside = [] if config is None else [config]
    trained = train_model(options.table, options.out, config=options, resume=resume, beside=beside)
    if as_json and process_rank(options.devices) == 0:
        print_json(trained)
