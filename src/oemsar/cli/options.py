"""Options that several commands have in common."""

from typing import Annotated, Literal

import typer

Flips = Annotated[
    bool, typer.Option("--flips/--no-flips", help="Average over four mirror images: slower, better.")
]
EngineOption = Annotated[
    Literal["auto", "torch", "openvino"], typer.Option(help="Library that runs the network.")
]
DeviceOption = Annotated[Literal["auto", "cpu", "cuda", "mps"], typer.Option(help="Where the network runs.")]
