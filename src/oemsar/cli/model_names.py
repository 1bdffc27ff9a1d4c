"""Arguments and options that name a model: their help and their completion in the shell."""

from pathlib import Path
from typing import Any

import typer

from oemsar.models.named import MODELS


def model_argument(text: str, **settings: Any) -> Any:  # noqa: ANN401 (settings of Typer, and what it makes of them)
    """Make an argument that takes a run, a saved model, or the name of one that comes with a package.

    Args:
        text: Help on runs and saved models.
        settings: Further settings of `typer.Argument`.
    """
    return typer.Argument(help=with_names(text), autocompletion=complete_model, **settings)


def model_option(text: str, **settings: Any) -> Any:  # noqa: ANN401 (as for an argument)
    """Make an option that takes what such an argument takes.

    Args:
        text: Help on runs and saved models.
        settings: Further settings of `typer.Option`.
    """
    return typer.Option(help=with_names(text), autocompletion=complete_model, **settings)


def with_names(text: str) -> str:
    """Add the names of the models that come with packages to a help."""
    return f"{text.rstrip('.')}; a name stands for a model that comes with a package: {', '.join(MODELS)}."


def complete_model(incomplete: str) -> list[str]:
    """List the names that begin so, and the files beside them; nothing where no name does.

    Where nothing is listed a shell completes files by itself.
    """
    names = [name for name in MODELS if incomplete and name.startswith(incomplete)]
    files = (entry.name for entry in sorted(Path().iterdir()) if entry.name.startswith(incomplete))
    return [*names, *(file for file in files if file not in names)] if names else []
