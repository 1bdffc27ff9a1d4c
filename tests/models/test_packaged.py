"""Models that come with the package: small enough, whole, and in the wheel."""

import zipfile
from pathlib import Path

import pytest

from oemsar.models.named import MODELS, packaged
from oemsar.models.saved import find_model
from oemsar.testing.models import check_model

ROOT = Path(__file__).parents[2]
MOST_BYTES = 20_000_000


@pytest.fixture(autouse=True)
def _no_folder_of_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_starter_models_take_at_most_20_megabytes_in_all() -> None:
    folders = [MODELS.find(name).folder for name in MODELS._own]
    assert folders[0].parent == ROOT / "src" / "oemsar" / "models"
    assert sum(file.stat().st_size for folder in folders for file in folder.rglob("*")) <= MOST_BYTES


def test_the_starter_model_keeps_the_contract() -> None:
    if find_model(Path("starter")) is None:
        pytest.skip("this checkout has no weights of the starter model")
    check_model("starter")


@pytest.mark.parametrize("path", [".", "", "..", "/", "starter/", "none"])
def test_only_a_bare_name_stands_for_a_model(path: str, tmp_path: Path) -> None:
    assert (packaged(Path(path)) is not None) == (path == "starter/")
    assert packaged(tmp_path / "starter") is None


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights are no Python modules, and so are other files that the package reads."""
    build = pytest.importorskip("hatchling.build")
    monkeypatch.chdir(ROOT)
    with zipfile.ZipFile(tmp_path / build.build_wheel(str(tmp_path))) as wheel:
        found = set(wheel.namelist())
    source = ROOT / "src"
    files = [path for path in (source / "oemsar").rglob("*") if path.is_file()]
    ours = {str(path.relative_to(source)) for path in files if "__pycache__" not in path.parts}
    assert ours <= found
