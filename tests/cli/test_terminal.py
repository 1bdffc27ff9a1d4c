"""Whatever a file is called, the terminal shows one line and obeys nothing."""

import json
import logging
import os
import sys
from pathlib import Path

import pytest
import typer
from typer.main import get_group

from oemsar.cli.app import app
from oemsar.cli.lazy_group import LazyGroup, load
from oemsar.cli.terminal import cell, echo, echo_json
from oemsar.limits import limits
from oemsar.sources import allowed_sources
from oemsar.visible_text import show_logs

NASTY = "a\x1b[31m\x07\nb\u202e"
SHOWN = "a\\u001b[31m\\u0007\\u000ab\\u202e"


def test_lines_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    echo(NASTY, "second")
    echo_json(json.dumps({"file": NASTY, "bytes": "\udcff"}, indent=2, ensure_ascii=False), sys.stdout)
    first, second, *document = capsys.readouterr().out.splitlines()
    assert (first, second) == (SHOWN, "second")
    assert json.loads("\n".join(document)) == {"file": NASTY, "bytes": "\udcff"}
    assert cell(f"[red]{NASTY}").plain == f"[red]{SHOWN}"


def test_logs_of_the_package_and_of_libraries_are_lines(capfd: pytest.CaptureFixture[str]) -> None:
    former = logging.getLogger().handlers[:]
    try:
        show_logs(logging.WARNING)
        logging.getLogger("rasterio").warning("%s", NASTY)
        assert capfd.readouterr().err == f"{SHOWN}\n"
    finally:
        logging.getLogger().handlers[:] = former


def _verb(*names: str) -> typer.core.TyperCommand:
    found = get_group(app)
    for name in names:
        found = load(found.LAZY[name], name) if isinstance(found, LazyGroup) else found.commands[name]
    return found


@pytest.mark.parametrize(
    "names",
    [
        *(["predict"], ["train"], ["evaluate"], ["data", "index"], ["data", "verify"], ["data", "stats"]),
        *(["prepare", "radiometry"], ["prepare", "ortho"], ["prepare", "align"], ["prepare", "pair"]),
        *(["benchmark", "run"], ["benchmark", "report"], ["contest", "predict"], ["contest", "score"]),
        ["models", "import"],
    ],
)
def test_every_verb_that_reads_files_of_others_can_be_allowed_more(names: list[str]) -> None:
    options = {option for parameter in _verb(*names).params for option in parameter.opts}
    assert {"--allow-sources", "--limit"} <= options


def test_what_is_allowed_holds_while_the_verb_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(
        "oemsar.paper.release_counts.list_regions",
        lambda _: seen.append((allowed_sources(), limits().bands)) or (_ for _ in ()).throw(KeyError),
    )
    with pytest.raises(KeyError):
        _verb("data", "regions").main(
            [str(tmp_path), "--allow-sources", str(tmp_path), "--allow-sources", "/b", "--limit", "bands=7"],
            standalone_mode=False,
        )
    assert seen == [((str(tmp_path), "/b"), 7)]
    assert not {"OEMSAR_ALLOW_SOURCES", "OEMSAR_LIMITS"} & set(os.environ)
