"""Options of every verb that reads files of others: what these may name, and how large they may be."""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from oemsar.limits import LIMITS, parse_limits, raised_limits
from oemsar.sources import allow_sources


def with_common_options(command: Any) -> Any:  # noqa: ANN401 (a command or group of Typer's own click)
    """Add the options that every verb has which reads files of others."""
    for each in getattr(command, "commands", {"": command}).values():
        if not isinstance(each, TyperGroup):
            each.params += _common_options()
    return command


def _common_options() -> list[Any]:
    application = typer.Typer(add_completion=False)
    application.command()(_common)
    return [
        option
        for option in typer.main.get_command(application).params
        if option.name in ("allow_sources", "limit")
    ]


def _allow(ctx: typer.Context, sources: list[str] | None) -> None:
    ctx.with_resource(allow_sources(*(sources or ())))


def _limit(ctx: typer.Context, limits: list[str] | None) -> None:
    ctx.with_resource(raised_limits(**parse_limits(limits or [])))


def _common(
    *,
    allow_sources: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH|URL",
            help="Folder, file or address that input files may name beside what lies below their own folder.",
            show_default=False,
            callback=_allow,
            expose_value=False,
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=NUMBER",
            help=f"Largest size that an input file may declare, instead of the default: {', '.join(LIMITS)}.",
            show_default=False,
            callback=_limit,
            expose_value=False,
        ),
    ] = None,
) -> None:
    """Carry the options that every verb has which reads files of others."""
