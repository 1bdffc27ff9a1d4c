"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated, Literal

import typer

Flips = Annotated[
    bool, typer.Option("--flips/--no-flips", help="Average over four mirror images: slower, better.")
]
EngineOption = Annotated[
    Literal["auto", "torch", "openvino"], typer.Option(help="Library that runs the network.")
]
DeviceOption = Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where the network runs.")]

DemDatum = Annotated[
    Literal["ellipsoid", "orthometric"] | None,
    typer.Option(help="What the heights of --dem are counted from, where it does not say."),
]
Geoid = Annotated[
    Path | None, typer.Option(help="Grid of the geoid's height, for heights counted from the sea.")
]
LookAzimuth = Annotated[
    float | None,
    typer.Option(help="Direction from the radar to the scene, in degrees from true north."),
]
Incidence = Annotated[float | None, typer.Option(help="Angle between ray and vertical, in degrees.")]
ProjectionHeight = Annotated[
    float | None,
    typer.Option(help="Ellipsoidal height in metres that a product without RPC was projected on."),
]
