"""Published weights are fetched whole and checked, or not at all, whatever the network does."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import oemsar
from oemsar.cli.app import app
from oemsar.errors import Failure, InputError
from oemsar.models import publishers
from oemsar.models.config import FetchModelConfig
from oemsar.models.fetch import RECORD, FetchedWeights, fetch_model
from oemsar.models.published import WEIGHTS_TO_FETCH, PublishedFile, PublishedWeights

NAME = "mit_b2.pth"
BODY = b"PK" + random.Random(7).randbytes(400_000)
SHA256, MD5 = (hashlib.new(kind, BODY).hexdigest() for kind in ("sha256", "md5"))
FREE, BOUND = "vmamba-t", "mit-b2"
"""A name without and one with terms to accept."""


@pytest.fixture
def publish(zenodo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Publishes the file on the server of the tests; what is known of it is told."""
    monkeypatch.chdir(tmp_path)
    zenodo.add(NAME, BODY)

    def publish(name: str = FREE, **known: Any) -> PublishedWeights:
        address = f"http://127.0.0.1:{zenodo.port}/records/1/files/{NAME}"
        weights = PublishedWeights(
            about="tests",
            inputs="optical",
            licence="research alone",
            page="https://example.org/terms",
            must_accept=name == BOUND,
            files=(PublishedFile(name=NAME, addresses=(address,), **known),),
            use="oemsar train --encoder-weights FILE",
        )
        monkeypatch.setattr(publishers, {FREE: "VMAMBA_T", BOUND: "MIT_B2"}[name], weights)
        return weights

    return publish


def fetch(name: str = FREE, out: Path | None = None, **options: Any) -> FetchedWeights:
    patience = {"tries": 2, "first_wait": 0.01, "longest_wait": 0.05, "timeout": 5}
    return fetch_model(name, out, config=FetchModelConfig.model_validate({**patience, **options}))


@pytest.mark.parametrize(
    ("known", "compared"),
    [
        ({"size": len(BODY), "sha256": SHA256, "md5": MD5}, "sha256"),
        ({"size": len(BODY), "md5": MD5}, "md5"),
        ({"sha256": SHA256}, "sha256"),
        ({}, None),
    ],
    ids=["all known", "md5", "size unknown", "nothing known"],
)
def test_weights_lie_in_the_folder_of_their_name_with_a_record_of_what_came(
    publish: Any, zenodo: Any, tmp_path: Path, known: dict[str, Any], compared: str | None
) -> None:
    publish(**known)
    fetched = fetch()
    assert (tmp_path / FREE / NAME).read_bytes() == BODY
    assert sorted(path.name for path in (tmp_path / FREE).iterdir()) == [RECORD, NAME]
    [file] = fetched.files
    assert (file.size, file.sha256, file.compared_with) == (len(BODY), SHA256, compared)
    assert fetched.use == f"oemsar train --encoder-weights {FREE}/{NAME}"
    record = json.loads((tmp_path / FREE / RECORD).read_text())
    assert record["files"] == [file.model_dump(mode="json")]
    assert record["licence"] == "research alone"
    assert "path" not in record
    asked = len(zenodo.requests)
    again = fetch()
    assert again.nothing_done
    assert again.files == fetched.files
    assert len(zenodo.requests) == asked
    assert json.loads((tmp_path / FREE / RECORD).read_text()) == record


@pytest.mark.parametrize("known", [{"size": len(BODY), "md5": MD5}, {}], ids=["md5", "nothing known"])
@pytest.mark.parametrize("manner", ["reset", "close"])
def test_a_broken_connection_is_continued(
    publish: Any, zenodo: Any, tmp_path: Path, known: dict[str, Any], manner: str
) -> None:
    publish(**known)
    asked_for_size = [] if known else [{"after": len(BODY)}]
    zenodo.fail(*asked_for_size, *[{"after": 90_000, "manner": manner}] * 3)
    fetch()
    assert (tmp_path / FREE / NAME).read_bytes() == BODY
    first, *rest = zenodo.requests[len(asked_for_size) :]
    assert first.range is None
    assert rest
    assert all(request.range is not None for request in rest)


def test_a_run_that_gave_up_goes_on_with_the_same_command(publish: Any, zenodo: Any, tmp_path: Path) -> None:
    publish()
    whole = {"after": len(BODY)}
    zenodo.fail(whole, {"after": 100_000}, {"after": 0}, {"after": 0})
    with pytest.raises(Failure, match=r"tried 2 times.*same command again"):
        fetch()
    assert not (tmp_path / FREE / NAME).exists()
    fetch()
    assert (tmp_path / FREE / NAME).read_bytes() == BODY
    assert zenodo.requests[-1].range == "bytes=100000-"


@pytest.mark.parametrize("etag", ['"second"', None], ids=["other", "none"])
def test_without_a_published_digest_only_the_same_content_is_continued(
    publish: Any, zenodo: Any, tmp_path: Path, etag: str | None
) -> None:
    """Nothing would tell that the end of one file follows the beginning of another."""
    publish(size=len(BODY))
    other = b"PK" + bytes(len(BODY) - 2)
    zenodo.files[NAME] = other
    zenodo.fail({"after": 100_000}, {"after": 0}, {"after": 0})
    with pytest.raises(Failure):
        fetch()
    zenodo.files[NAME], zenodo.etag = BODY, etag
    fetch()
    assert (tmp_path / FREE / NAME).read_bytes() == BODY


def test_without_etag_and_digest_every_try_begins_anew(publish: Any, zenodo: Any, tmp_path: Path) -> None:
    publish(size=len(BODY))
    zenodo.etag = None
    zenodo.fail({"after": 100_000})
    fetch()
    assert (tmp_path / FREE / NAME).read_bytes() == BODY
    assert [request.range for request in zenodo.requests] == [None, None]


@pytest.mark.parametrize("known", [{"sha256": "0" * 64}, {"md5": "0" * 32}], ids=["sha256", "md5"])
def test_a_wrong_checksum_leaves_nothing(
    publish: Any, tmp_path: Path, known: dict[str, str], zenodo: Any
) -> None:
    publish(size=len(BODY), **known)
    [(kind, wrong)] = known.items()
    with pytest.raises(Failure, match=rf"wrong checksum \({kind} \w+ where {wrong} is published\)"):
        fetch()
    assert not any((tmp_path / FREE).glob("*.pth"))
    assert not (tmp_path / FREE / RECORD).exists()
    publish(size=len(BODY), sha256=SHA256)
    assert fetch().files[0].sha256 == SHA256


PAGE = {"body": b"<html>log in</html>", "headers": {"Content-Type": "text/html; charset=utf-8"}}


@pytest.mark.parametrize(
    ("known", "answers", "words"),
    [
        ({"size": len(BODY), "sha256": SHA256}, [PAGE], "sends a web page in place of"),
        ({"size": len(BODY), "sha256": SHA256}, [{"status": 404}], "404 Not Found"),
        ({}, [PAGE, PAGE], "sends a web page in place of"),
        ({}, [{"status": 404}], "is not there; see whether"),
        ({}, [{"status": 403}], "403 Forbidden"),
        ({}, [{"surplus": 0}], "does not tell its size"),
    ],
    ids=["page", "404", "page, size unknown", "404, size unknown", "403, size unknown", "no size told"],
)
def test_something_else_than_the_file_is_told(
    publish: Any, zenodo: Any, known: dict[str, Any], answers: list[dict[str, Any]], words: str
) -> None:
    publish(**known)
    zenodo.fail(*answers)
    with pytest.raises(Failure, match=words):
        fetch()
    assert not Path(FREE, NAME).exists()
    fetch()
    assert Path(FREE, NAME).read_bytes() == BODY


def test_a_page_that_says_it_is_a_file_is_told_by_its_bytes(
    publish: Any, zenodo: Any, tmp_path: Path
) -> None:
    """As a file server does that asks to confirm a large download."""
    zenodo.files[NAME] = b"\n<!DOCTYPE html><html>" + bytes(3000)
    publish()
    with pytest.raises(Failure, match=f"sends a web page in place of {NAME}"):
        fetch()
    assert not (tmp_path / FREE / NAME).exists()


def test_a_server_that_is_busy_is_asked_again(publish: Any, zenodo: Any, tmp_path: Path) -> None:
    publish()
    busy = {"status": 429, "headers": {"Retry-After": "0"}}
    zenodo.fail(busy, {"after": len(BODY)}, busy)
    fetch()
    assert (tmp_path / FREE / NAME).read_bytes() == BODY
    assert len(zenodo.requests) == 4


def test_a_file_that_was_changed_is_fetched_again(
    publish: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish()
    fetch()
    (tmp_path / FREE / NAME).write_bytes(b"other")
    assert not fetch().nothing_done
    assert (tmp_path / FREE / NAME).read_bytes() == BODY
    assert f"{NAME} is not the published file and will be replaced" in caplog.text


def test_terms_are_accepted_before_anything_is_asked_of_a_server(
    publish: Any, zenodo: Any, tmp_path: Path
) -> None:
    publish(BOUND)
    with pytest.raises(InputError, match=r"research alone\); read https://example\.org/terms") as raised:
        fetch(BOUND)
    assert raised.value.options == ("accept_licence",)
    assert not zenodo.requests
    assert not list(tmp_path.iterdir())
    assert fetch(BOUND, accept_licence=True).accepted


def test_a_folder_of_another_origin_is_left_alone(publish: Any, zenodo: Any, tmp_path: Path) -> None:
    publish()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / NAME).write_text("of my own")
    with pytest.raises(InputError, match=f"mine holds {NAME}, which this command did not write"):
        fetch(out=tmp_path / "mine")
    assert (tmp_path / "mine" / NAME).read_text() == "of my own"
    assert not zenodo.requests


def test_one_folder_holds_the_weights_of_one_name(publish: Any, tmp_path: Path) -> None:
    publish()
    publish(BOUND)
    fetch(out=tmp_path / "both")
    with pytest.raises(InputError, match=f"both holds the weights {FREE}; choose another folder"):
        fetch(BOUND, tmp_path / "both", accept_licence=True)


def test_names_that_are_not_fetched_are_told() -> None:
    with pytest.raises(InputError, match="starter comes with a package"):
        fetch("starter")
    with pytest.raises(InputError, match="known by the name unet; choose one of mars-sar, mars-optical"):
        fetch("unet")


def _command(*arguments: str, answers: str | None = None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command, on a terminal where there are answers."""
    if answers is not None:
        monkeypatch.setattr("oemsar.cli.models_fetch.sys", type("Sys", (), {"stdin": _Terminal()}))
    return CliRunner().invoke(app, ["models", "fetch", *arguments], input=answers, prog_name="oemsar")


class _Terminal:
    def isatty(self) -> bool:
        return True


def test_the_command_shows_what_it_would_fetch_and_asks(
    publish: Any, zenodo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(BOUND, size=len(BODY), md5=MD5)
    refused = _command(BOUND, answers="y\nn\n", monkeypatch=monkeypatch)
    for words in (f"http://127.0.0.1:{zenodo.port}/records/1/files/{NAME}", "size 0.4 MB", f"md5 {MD5}"):
        assert words in refused.output
    assert "sha256 unknown" in refused.output
    assert "licence: research alone, see https://example.org/terms" in refused.output
    assert isinstance(refused.exception, Failure)
    assert not zenodo.requests
    unaccepted = _command(BOUND, "--yes", answers="n\n", monkeypatch=monkeypatch)
    assert isinstance(unaccepted.exception, InputError)
    assert not zenodo.requests
    agreed = _command(BOUND, answers="y\ny\n", monkeypatch=monkeypatch)
    assert agreed.exit_code == 0, agreed.output
    assert f"{len(BODY)} bytes, sha256 {SHA256} (as published)" in agreed.output
    assert f"use: oemsar train --encoder-weights {BOUND}/{NAME}" in agreed.output


def test_without_a_terminal_nothing_is_fetched_unasked(
    publish: Any, zenodo: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish()
    done = _command(FREE, monkeypatch=monkeypatch)
    assert isinstance(done.exception, InputError)
    assert done.exception.options == ("yes",)
    assert not zenodo.requests
    done = _command(FREE, "--yes", "--out", "here", monkeypatch=monkeypatch)
    assert done.exit_code == 0, done.output
    assert f"sha256 {SHA256} (no checksum is published)" in done.output


@pytest.mark.parametrize("name", WEIGHTS_TO_FETCH.names())
def test_what_is_stated_of_published_weights_is_whole(name: str) -> None:
    weights = WEIGHTS_TO_FETCH.find(name)
    assert weights.must_accept == (weights.licence != "MIT")
    assert weights.page.startswith("https://")
    for file in weights.files:
        assert all(address.startswith("https://") for address in file.addresses)
        assert all(file.name in address for address in file.addresses)
    words = weights.use.replace("FILE", "x.pth").split()
    assert words[:2] == ["oemsar", "train"]
    options = dict(zip(words[2::2], words[3::2], strict=True))
    made = {name.removeprefix("--").replace("-", "_"): value for name, value in options.items()}
    assert oemsar.TrainConfig.model_validate(made).encoder


def test_the_list_tells_what_is_here(publish: Any, tmp_path: Path) -> None:
    publish(size=len(BODY))
    listed = {model.name: model for model in oemsar.list_models()}
    assert next(iter(listed)) == "starter"
    assert set(listed) >= set(WEIGHTS_TO_FETCH)
    assert listed[FREE].here is None
    assert listed["mars-sar"].size == 347_687_055
    assert listed["mit-b2"].size is None
    fetch()
    listed = {model.name: model for model in oemsar.list_models()}
    assert listed[FREE].here == Path(FREE)
    printed = CliRunner().invoke(app, ["models", "list"], prog_name="oemsar", env={"COLUMNS": "250"})
    [row] = [line for line in printed.output.splitlines() if f" {FREE} " in line]
    cells = [part.strip() for part in row.strip("│").split("│")]
    assert cells == [FREE, "tests", "optical", "0.4 MB", "research alone", f"in {FREE}"]
