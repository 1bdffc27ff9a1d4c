"""`oemsar simulate`: a synthetic dataset with exact truth."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.simulate.release.config import WorldConfig


@with_options
def simulate(
    dest: Annotated[Path, typer.Argument(help="Folder to write the dataset to.")],
    *,
    config: WorldConfig,
    as_json: AsJson = False,
) -> None:
    """Simulate optical and radar tiles with true and pseudo labels, in the published layout.

    Radar shows layover, shadow, double bounce and speckle. The same seed gives the same bytes. A run
    that was interrupted is continued by the same command.
    """
    from oemsar.cli.progress import reporting
    from oemsar.simulate.release.run import simulate_world

    with reporting("Simulating") as report:
        world = simulate_world(dest, config=config, report=report)
    if as_json:
        print_json(world.summary(dest))
    else:
        echo(f"Wrote {len(world.tiles)} tiles of {len(world.regions)} regions to {dest}")
