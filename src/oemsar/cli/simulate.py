"""`oemsar simulate`: a synthetic dataset with exact truth."""

from pathlib import Path
from typing import Annotated

import typer


def simulate(
    dest: Annotated[Path, typer.Argument(help="Folder to write the dataset to.")],
    *,
    regions: Annotated[int, typer.Option(help="Number of regions.")] = 6,
    tiles: Annotated[int, typer.Option(help="Number of tiles in each region.")] = 12,
    size: Annotated[int, typer.Option(help="Rows and columns of a tile in pixels.")] = 512,
    seed: Annotated[int, typer.Option(help="Seed of every random draw.")] = 0,
    val: Annotated[
        int | None,
        typer.Option(help="Tiles of each region in val; about 15 % by default.", show_default=False),
    ] = None,
    test: Annotated[
        int | None,
        typer.Option(help="Tiles of each region in test; about 25 % by default.", show_default=False),
    ] = None,
    scene: Annotated[
        int | None,
        typer.Option(help="Write one scene of this many rows and columns, of a region of its own."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes to render in; one per processor by default.", show_default=False),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier world in DEST.")] = False,
) -> None:
    """Simulate optical and radar tiles with true and pseudo labels, in the published layout.

    Radar shows layover, shadow, double bounce and speckle. The same seed gives the same bytes. A run
    that was interrupted is continued by the same command.
    """
    from oemsar.cli.progress import reporting
    from oemsar.simulate.release.plan import WorldConfig
    from oemsar.simulate.release.run import simulate_world

    config = WorldConfig(regions, tiles, size, seed, val, test, scene)
    with reporting("Simulating") as report:
        simulate_world(config, dest, workers=workers, overwrite=overwrite, report=report)
    typer.echo(f"Wrote {regions * tiles} tiles of {regions} regions to {dest}")
