"""Whatever a numeric option is given, it is refused in a sentence or holds a value that can be meant."""

import math
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest

import oemsar
from oemsar.config_file import LARGEST_SEED, Config, Value
from oemsar.errors import InputError
from oemsar.models.spec import ModelSpec
from oemsar.prepare.align.config import Thresholds

NEEDED: dict[str, dict[str, Any]] = {
    "FindConfig": {"source": "umbra"},
    "OrthoConfig": {"dem": "dem.tif", "crs": "EPSG:32631", "gsd": 0.5},
    "PairRegion": {"name": "a", "sar": "a.tif", "optical": "b.tif", "gsd": 0.5},
    "RunOptions": {"out": "run"},
    "_TableAndFolder": {"out": "run"},
    "ModelSpec": {"architecture": "unet", "encoder": "e", "modalities": "sar", "mean": [1.0], "std": [1.0]},
}
"""Fields that a class cannot be made without."""
WRONG = (math.nan, math.inf, -math.inf, -1, 0, 1e12, 1e-320, 1e308, 10**30, 10**400, 10**5000)
OF_ANOTHER_TYPE = ("wide", "nan", "1e999", [], {}, [1, 2], None, True, b"\xff", object())


def _classes() -> list[type[Value]]:
    for module in pkgutil.walk_packages(oemsar.__path__, "oemsar."):
        if module.name.rpartition(".")[2] in ("config", "plan", "geometry_options"):
            import_module(module.name)
    found: list[type[Value]] = []
    waiting: list[type[Value]] = [Config, Thresholds, ModelSpec]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("oemsar") and kind is not Config:
            found.append(kind)
    return sorted(set(found), key=lambda kind: kind.__name__)


def _numbers_in(annotation: object) -> int:
    """How many numbers a value of a type is written as: 1 alone, more in a tuple, 0 for no number."""
    if annotation in (int, float):
        return 1
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _numbers_in(inner[0])
    if origin in (Union, UnionType):
        return max(map(_numbers_in, inner))
    if origin is tuple:
        return sum(_numbers_in(each) for each in inner if each is not Ellipsis)
    return 0


def _fields() -> Iterator[tuple[type[Value], str, int, Any]]:
    for kind in _classes():
        for name, info in kind.model_fields.items():
            if count := _numbers_in(info.annotation):
                yield kind, name, count, info.annotation


FIELDS = list(_fields())


def _leaves(value: object) -> Iterator[float]:
    if isinstance(value, tuple | list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def _made(kind: type[Value], name: str, given: object) -> Value | InputError:
    try:
        return kind.model_validate({**NEEDED.get(kind.__name__, {}), name: given})
    except InputError as error:
        return error


def _require_meant(kind: type[Value], name: str, given: object) -> None:
    made = _made(kind, name, given)
    if isinstance(made, InputError):
        assert len(made.sentence) < 300
        return
    zero = [0 if each == 1e-320 else each for each in given] if isinstance(given, list) else 0
    as_good_as_zero = not isinstance(_made(kind, name, zero), InputError)
    for number in _leaves(getattr(made, name)):
        assert math.isfinite(number)
        largest = {"seed": LARGEST_SEED, "seeds": LARGEST_SEED, "range": 1e30}.get(name, 1e12)
        assert abs(number) <= largest, number
        assert abs(number) >= 1e-12 or number == 0 or as_good_as_zero, number


def test_every_verb_has_options_that_are_looked_at() -> None:
    assert len({kind for kind, *_ in FIELDS}) >= 18
    assert len(FIELDS) >= 90


@pytest.mark.parametrize(
    ("kind", "name", "count"),
    [pytest.param(*field[:3], id=f"{field[0].__name__}.{field[1]}") for field in FIELDS],
)
def test_a_number_is_meant_or_refused(kind: type[Value], name: str, count: int) -> None:
    for wrong in (*WRONG, *OF_ANOTHER_TYPE):
        _require_meant(kind, name, wrong)
        _require_meant(kind, name, [wrong])
        _require_meant(kind, name, [0.5] * (count - 1) + [wrong])
        _require_meant(kind, name, [wrong] * count)


@pytest.mark.parametrize("value", WRONG[:2])
@pytest.mark.parametrize(
    ("kind", "name"), [pytest.param(kind, name, id=f"{kind.__name__}.{name}") for kind, name, *_ in FIELDS]
)
def test_what_is_not_finite_is_always_refused(kind: type[Value], name: str, value: float) -> None:
    with pytest.raises(InputError):
        kind.model_validate({**NEEDED.get(kind.__name__, {}), name: value})


def test_truth_is_no_number() -> None:
    from oemsar.train.config import TrainConfig

    with pytest.raises(InputError, match="true is no number") as raised:
        TrainConfig(steps=True)
    assert raised.value.options == ("steps",)


@pytest.mark.parametrize("limits", [(0, 0), (2, 1), (0, 1e300), (1e6, 1e6 + 1e-9), (1e-40, 2e-40)])
def test_a_range_in_which_values_cannot_be_told_apart_is_refused(limits: tuple[float, float]) -> None:
    from oemsar.predict.config import PredictConfig

    with pytest.raises(InputError) as raised:
        PredictConfig(range=limits)
    assert raised.value.options == ("range",)


def test_a_world_of_millions_of_tiles_is_refused() -> None:
    from oemsar.simulate.release.config import WorldConfig

    with pytest.raises(InputError, match="choose fewer"):
        WorldConfig(regions=10_000, tiles=10_000)


def test_paths_are_kept_as_they_were() -> None:
    from oemsar.predict.config import PredictConfig

    assert PredictConfig(optical=Path("a.tif"), range=(0, 1)).range == (0, 1)
