"""`oemsar simulate-scene`: one scene in depth, with the exact truth of its geometry."""

from pathlib import Path
from typing import Annotated

import typer

from oemsar.cli.options import AsJson, print_json, with_options
from oemsar.cli.terminal import echo
from oemsar.simulate.scene.config import SceneConfig


@with_options
def simulate_scene(
    dest: Annotated[Path, typer.Argument(help="Folder to write the scene to.")],
    *,
    config: SceneConfig,
    as_json: AsJson = False,
) -> None:
    """Simulate a radar scene and an orthophoto over hilly ground, with their exact displacement.

    The radar carries a rational sensor model and an error of its geolocation, as real products do.
    """
    from oemsar.cli.progress import reporting
    from oemsar.simulate.scene.record import summarise_scene
    from oemsar.simulate.scene.run import simulate_scene as simulate

    with reporting("Simulating") as report:
        scene = simulate(dest, config=config, report=report)
    if as_json:
        print_json(summarise_scene(scene, dest))
    else:
        echo(f"Wrote a scene of {config.size} x {config.size} pixels to {dest}")
