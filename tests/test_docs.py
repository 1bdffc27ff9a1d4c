"""README and docs against the program: every command, option and import they show exists."""

import ast
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
import typer
from odc.geo.geobox import GeoBox
from rasterio import Affine
from typer.core import TyperGroup

import oemsar
from oemsar.cli.app import app
from oemsar.cli.lazy_group import LazyGroup, load
from oemsar.inputs import SAR
from oemsar.raster.geotiff import write_raster
from oemsar.testing.networks import make_network

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def _blocks(page: Path) -> list[tuple[str, str]]:
    """Language and content of the fenced blocks of a page."""
    return re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def _commands(page: Path) -> list[list[str]]:
    """Words of each `oemsar` command in the blocks of a page and between its backticks."""
    blocks = [content.replace("\\\n", " ") for language, content in _blocks(page) if language != "python"]
    lines = [line.removeprefix("$ ") for content in blocks for line in content.splitlines()]
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    lines += re.findall(r"`([^`\n]+)`", prose)
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("oemsar ")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_their_options_exist(page: Path) -> None:
    for words in _commands(page):
        command = typer.main.get_command(app)
        rest = list(words)
        while isinstance(command, TyperGroup) and rest and not rest[0].startswith("-"):
            name = rest.pop(0)
            assert name in command.commands, f"oemsar {shlex.join(words)}: no command {name}"
            lazy = isinstance(command, LazyGroup)
            command = load(command.LAZY[name], name) if lazy else command.commands[name]
        known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
        wanted = {word for word in rest if word.startswith("-")} - {"--help"}
        assert wanted <= known, f"oemsar {shlex.join(words)}: no option {wanted - known}"


def _options(command: object) -> set[str]:
    """Every option of a command and of the commands below it, by name."""
    if not isinstance(command, TyperGroup):
        return {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    names = {name for option in command.params for name in option.opts}
    for name, child in command.commands.items():
        names |= _options(load(command.LAZY[name], name) if isinstance(command, LazyGroup) else child)
    return names


def test_options_in_prose_and_tables_exist() -> None:
    known = _options(typer.main.get_command(app)) | {"--help"}
    for page in PAGES:
        prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
        named = {
            name
            for span in re.findall(r"`([^`\n]+)`", prose)
            if not span.startswith(("python ", "pip ", "sha256sum "))
            for name in re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", span)
        }
        assert named <= known, f"{page.name}: no option {sorted(named - known)}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_snippets_import_what_exists(page: Path) -> None:
    for language, content in _blocks(page):
        if language != "python":
            continue
        imports = [node for node in ast.parse(content).body if isinstance(node, ast.Import | ast.ImportFrom)]
        exec(compile(ast.Module(imports, []), page.name, "exec"), {})  # noqa: S102 (imports of our own pages)


def test_the_pages_show_commands_and_snippets() -> None:
    assert sum(len(_commands(page)) for page in PAGES) > 50
    assert sum(language == "python" for page in PAGES for language, _ in _blocks(page)) > 5


def test_the_drawn_house_is_the_one_that_stands() -> None:
    pytest.importorskip("grimp", reason="the drawing is made with grimp, of the lint extra")
    script = ROOT / "docs" / "draw_house.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_tutorial_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # three conversions of a network take longer than all the rest
    monkeypatch.setattr("oemsar.inference.select.find_spec", lambda _: None)
    code = "\n".join(
        content for language, content in _blocks(ROOT / "docs" / "tutorial.md") if language == "python"
    )
    exec(compile(code, "tutorial.md", "exec"), {})  # noqa: S102 (our own page)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "12 tiles of 2 regions"
    assert printed[-1].startswith("overlap, window: overlap 80 does not fit window 100")
    assert (tmp_path / "map.tif").is_file()


def test_the_export_runs_in_onnxruntime_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its classes are those of the network, on the grid of the scene, 0 where that carries no data."""
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    network = make_network("unet", encoder="tu-test_efficientnet", modalities=SAR).eval()
    oemsar.export_model(network, tmp_path / "network.onnx")
    pixels = np.random.default_rng(0).integers(1, 256, (1, 40, 56), np.uint8)
    pixels[:, :3, :9] = 0
    grid = GeoBox((40, 56), Affine(0.5, 0.1, 4e5, 0.1, -0.5, 5e6), "EPSG:32631")
    write_raster(tmp_path / "SCENE.tif", pixels, grid)
    (code,) = (
        content
        for language, content in _blocks(ROOT / "docs" / "models.md")
        if language == "python" and "onnxruntime" in content
    )
    assert "oemsar" not in code
    exec(compile(code, "models.md", "exec"), {})  # noqa: S102 (our own page)
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels)[None].float())[0].argmax(0).numpy() + 1
    with rasterio.open(tmp_path / "map.tif") as dataset:
        ids = dataset.read(1)
        assert (dataset.crs.to_epsg(), dataset.transform, dataset.nodata) == (32631, grid.affine, 0)
    assert (ids[:3, :9] == 0).all()
    known = pixels[0] > 0
    assert (ids == expected)[known].mean() > 0.999


def test_every_public_name_has_a_page() -> None:
    pages = "".join((ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("api.md", "values.md"))
    shown = {line.rsplit(".", 1)[-1] for line in pages.splitlines() if line.startswith("::: ")}
    errors = {
        "DiskFull",
        "Failure",
        "InputError",
        "Interrupted",
        "Occupied",
        "OemsarError",
        "OutOfMemory",
    }  # ::: oemsar.errors
    assert set(oemsar.__all__) - errors <= shown
