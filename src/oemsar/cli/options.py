"""Options of the command line, made from the fields of a verb's configuration."""

import functools
import inspect
from collections.abc import Callable
from types import GenericAlias
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import typer
from pydantic.fields import FieldInfo

from oemsar.cli.document import write_document
from oemsar.cli.model_names import complete_model, with_names
from oemsar.cli.spelling import spelled
from oemsar.config_file import Config, Value
from oemsar.inputs import INPUTS, Inputs
from oemsar.models.named import NamesModel
from oemsar.registry import Registry

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

Verb = TypeVar("Verb", bound=Callable[..., None])


def print_json(value: Value) -> None:
    """Print a value as indented JSON on standard output."""
    write_document(value.model_dump(mode="json", by_alias=True))


def with_options(verb: Verb) -> Verb:
    """Give a command one option for each field of the configuration it takes.

    The parameter `config` of the command, a `Config`, is replaced by keyword parameters with the names,
    types, defaults and descriptions of its fields, and made from what was given. The parameter `given`, where
    a command has it instead, is annotated as `Annotated[dict[str, Any], ConfigType]` and receives the fields
    that the user gave, as a mapping: for commands that complete them from a file.
    """
    hints = get_type_hints(verb, include_extras=True)
    parameters = inspect.signature(verb).parameters
    partial = "given" in parameters
    name = "given" if partial else "config"
    config: type[Config] = hints[name].__metadata__[0] if partial else hints[name]
    fields = {field: info for field, info in config.model_fields.items() if not _hidden(info)}
    kept = [p.replace(annotation=hints[n]) for n, p in parameters.items() if n != name]
    taken = {parameter.name for parameter in kept}
    made = [_parameter(field, info, partial) for field, info in fields.items() if field not in taken]

    @functools.wraps(verb)
    def command(**values: Any) -> None:  # noqa: ANN401 (as many types as options)
        given = {field: values.pop(field) if field not in taken else values[field] for field in fields}
        if partial:
            verb(**values, given={field: value for field, value in given.items() if value is not None})
        else:
            verb(**values, config=config(**given))

    ordered = sorted([*kept, *made], key=lambda parameter: parameter.kind)
    command.__signature__ = inspect.Signature(ordered)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in ordered}
    return command  # type: ignore[return-value]


def _hidden(info: FieldInfo) -> bool:
    """Tell whether the command line leaves a field out: `Field(json_schema_extra={"hidden": True})`."""
    extra = info.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("hidden"))


def _parameter(name: str, info: FieldInfo, partial: bool) -> inspect.Parameter:
    """Make the keyword parameter of one field."""
    flag = spelled(name)
    names = (f"{flag}/--no-{name.replace('_', '-')}",) if info.annotation in (bool, bool | None) else (flag,)
    shown: dict[str, Any] = {}
    default = inspect.Parameter.empty if info.is_required() else info.get_default(call_default_factory=True)
    kind: Any = info.annotation
    if kind == tuple[float, ...]:  # numbers separated by commas
        kind, default = str, ",".join(f"{number:g}" for number in info.get_default())
    if get_origin(kind) is tuple and get_args(kind)[1:] == (Ellipsis,):  # given several times
        kind = GenericAlias(list, get_args(kind)[:1])
    if any(get_args(part)[1:] == (Ellipsis,) for part in get_args(kind)):  # one or several in a text
        kind = str | None
    if kind is Inputs:
        kind, default = str, str(default)
    if kind == Inputs | None:
        kind = str | None
    if info.is_required() and not partial:
        shown["show_default"] = False
    elif partial:
        kind = kind | None
        shown["show_default"] = (
            False if default in (None, "", (), inspect.Parameter.empty) else _spoken(default)
        )
        default = None
    if _names_model(info):
        shown["autocompletion"] = complete_model
    option = typer.Option(*names, help=_help(info), **shown)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def _names_model(info: FieldInfo) -> bool:
    return any(isinstance(entry, NamesModel) for entry in info.metadata)


def _spoken(default: Any) -> str:  # noqa: ANN401 (any default)
    return str(getattr(default, "value", default))


def _help(info: FieldInfo) -> str:
    """Write the description of a field on one line, with the names of its registry, or of inputs."""
    text = " ".join((info.description or "").split())
    if info.annotation is Inputs:
        text = f"{text.rstrip('.')}; names are {', '.join(INPUTS.names())}."
    for registry in (entry for entry in info.metadata if isinstance(entry, Registry)):
        text = f"{text.rstrip('.')}: {', '.join(registry.names())}."
    if _names_model(info):
        text = with_names(text)
    return text
