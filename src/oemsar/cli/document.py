"""The one JSON document that a command with `--json` writes to standard output, whatever else is printed."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any, NoReturn, TextIO

from pydantic import JsonValue

from oemsar.cli.spelling import spelled
from oemsar.cli.terminal import echo_json
from oemsar.errors import OemsarError

FLAG = "--json"
_BUG = 1
"""Exit code of Python after an exception that nobody caught."""

_streams: list[TextIO] = []
"""Standard output, while everything else that is printed goes to standard error."""


def is_wanted(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for a document, even one that is wrong otherwise."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return FLAG in options


def write_document(content: JsonValue) -> None:
    """Write a document to standard output; the further processes of a training write none."""
    if os.environ.get("LOCAL_RANK", "0") in ("", "0"):
        echo_json(json.dumps(content, indent=2), _streams[-1] if _streams else sys.stdout)


def run_for_programs(application: Callable[..., Any]) -> NoReturn:
    """Run an application of Typer with standard output kept for its document.

    A wrong command line ends in a document here; other errors are raised.
    """
    with _apart():
        try:
            code = application(prog_name="oemsar", standalone_mode=False)
        except Exception as error:
            if not hasattr(error, "format_message"):  # that of a usage error of Typer's own click
                raise
            error.show()  # type: ignore[attr-defined]
            code = getattr(error, "exit_code", 2)
            _write_error("UsageError", error.format_message(), _options_of(error), code)
    sys.exit(code if isinstance(code, int) else 0)


def write_failure(error: Exception) -> None:
    """Write the document of a command that failed, where one is asked for.

    It has the key `error` alone: kind, sentence, options and exit code.
    """
    if not is_wanted(sys.argv[1:]):
        return
    kind = type(error).__name__
    if isinstance(error, OemsarError):
        _write_error(kind, error.sentence, [*map(spelled, error.options)], error.exit_code)
    else:
        _write_error(kind, f"internal error: {error}", (), _BUG)


@contextmanager
def _apart() -> Iterator[None]:
    """Keep standard output for the document; what is printed otherwise goes to standard error."""
    _streams.append(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _streams.pop()


def _write_error(kind: str, sentence: str, options: Sequence[str], code: int) -> None:
    write_document({"error": {"kind": kind, "sentence": sentence, "options": [*options], "exit_code": code}})


def _options_of(error: Any) -> list[str]:  # noqa: ANN401 (of Typer's own click, whose place differs by version)
    """List the options that a usage error is about, as they are written."""
    unknown = getattr(error, "option_name", None)
    parameter = getattr(error, "param", None)
    names = [unknown] if unknown else getattr(parameter, "opts", ())[:1]
    return [str(name) for name in names]
