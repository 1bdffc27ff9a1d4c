"""`oemsar simulate-scene`: one scene in depth, with the exact truth of its geometry."""

from pathlib import Path
from typing import Annotated, Literal

import typer


def simulate_scene(
    dest: Annotated[Path, typer.Argument(help="Folder to write the scene to.")],
    *,
    size: Annotated[int, typer.Option(help="Rows and columns of the scene at --gsd.")] = 1024,
    gsd: Annotated[float, typer.Option(help="Ground sampling distance of the radar image in metres.")] = 0.5,
    relief: Annotated[float, typer.Option(help="Metres from the lowest to the highest ground.")] = 20.0,
    incidence: Annotated[float, typer.Option(help="Incidence angle at the centre in degrees.")] = 40.0,
    look_azimuth: Annotated[
        float, typer.Option(help="Ground direction the radar looks in, degrees clockwise from north.")
    ] = 90.0,
    optical_gsd: Annotated[
        float | None,
        typer.Option(help="Ground sampling distance of the orthophoto; the radar's by default."),
    ] = None,
    offset: Annotated[float, typer.Option(help="Metres by which the radar's geolocation errs.")] = 10.0,
    seed: Annotated[int, typer.Option(help="Seed of every random draw.")] = 0,
    country: Annotated[
        Literal["FRA", "JPN", "USA"] | None, typer.Option(help="Where; drawn by default.")
    ] = None,
    character: Annotated[
        Literal["urban", "suburban", "rural", "coastal"] | None,
        typer.Option(help="What it shows; drawn by default."),
    ] = None,
    slant: Annotated[bool, typer.Option("--slant", help="Write the slant range image too.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an earlier scene in DEST.")] = False,
) -> None:
    """Simulate a radar scene and an orthophoto over hilly ground, with their exact displacement.

    The radar carries a rational sensor model and an error of its geolocation, as real products do.
    """
    from oemsar.cli.progress import reporting
    from oemsar.simulate.scene.config import SceneConfig
    from oemsar.simulate.scene.run import simulate_scene as simulate

    config = SceneConfig(
        size,
        gsd,
        relief,
        incidence,
        look_azimuth,
        offset,
        seed,
        country,
        character,
        optical_gsd,
    )
    with reporting("Simulating") as report:
        simulate(config, dest, slant=slant, overwrite=overwrite, report=report)
    typer.echo(f"Wrote a scene of {size} x {size} pixels to {dest}")
