"""Command groups that import a command when it is run, so that listing the commands is quick."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from oemsar.cli.common_options import with_common_options
from oemsar.cli.ending import translated
from oemsar.visible_text import visible


class Lazy(NamedTuple):
    """Where a command is and what it does in a line.

    Attributes:
        target: `module:attribute`, a function or a `typer.Typer`.
        help: First sentence of its help.
        reads: Whether it reads files of others, and so has the options `--allow-sources` and `--limit`.
    """

    target: str
    help: str
    reads: bool = True


class LazyGroup(TyperGroup):
    """Group of the commands in the table `LAZY` of a subclass, each imported when it is run or completed."""

    LAZY: dict[str, Lazy]

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 (as Typer makes it)
        """Fill the group with commands that know no more than their name and help."""
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=lazy.help) for name, lazy in self.LAZY.items()}

    def make_context(self, *args: Any, **settings: Any) -> Any:  # noqa: ANN401 (a context of Typer's own click)
        """Read the arguments; a sentence on a wrong one cannot steer the terminal."""
        with _visible_errors():
            return super().make_context(*args, **settings)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 (a context of Typer's own click)
        """Run a command; what stops it from outside comes as an error of the command line's own."""
        with _visible_errors():
            return translated(lambda: super(LazyGroup, self).invoke(ctx))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 (a context of Typer's own click)
        """Find the command of the first argument and import it."""
        name, command, rest = super().resolve_command(ctx, args)
        if command is not None:
            command = load(self.LAZY[str(command.name)], str(command.name))
        return name, command, rest


def load(lazy: Lazy, name: str) -> Any:  # noqa: ANN401 (a command or group of Typer's own click)
    """Import a command and give it its name."""
    module, attribute = lazy.target.split(":")
    found = getattr(import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group = typer.main.get_group(found)
        group.name = name
        return with_common_options(group) if lazy.reads and not isinstance(group, LazyGroup) else group
    application = typer.Typer(add_completion=False)
    application.command(name)(found)
    command = typer.main.get_command(application)
    return with_common_options(command) if lazy.reads else command


@contextmanager
def _visible_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if isinstance(getattr(error, "message", None), str):  # of Typer's own click
            error.message = visible(error.message)  # type: ignore[attr-defined]
        raise


def lazy_typer(commands: dict[str, Lazy], **settings: Any) -> typer.Typer:  # noqa: ANN401 (settings of Typer)
    """Make an application whose commands are imported when they are run.

    Args:
        commands: The commands by name, in the order of the list.
        settings: Settings of `typer.Typer`.
    """
    group = type("CommandGroup", (LazyGroup,), {"LAZY": commands})
    return typer.Typer(cls=group, no_args_is_help=True, **settings)
