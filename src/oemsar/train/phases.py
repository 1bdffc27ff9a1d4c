"""Options that have one value, or one for each phase of a training, such as `2000>500`."""

from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter, ValidationError, ValidationInfo

from oemsar.config_file import MOST_STEPS, input_error
from oemsar.dataset.label_regime import Regime
from oemsar.errors import InputError

SEPARATOR = ">"
_WARMUP_FRACTION = 20
_LONGEST_WARMUP = 1000
_MOST_PHASES = 20


class Phase(NamedTuple):
    """A part of a training with labels, steps and a learning rate of its own.

    Attributes:
        regime: Labels to train on; None for those of split train.
        first: Step that it begins with, from 0.
        steps: Number of its steps.
        learning_rate: Its highest learning rate.
        warmup: Number of steps over which the learning rate rises to that.
    """

    regime: Regime | None
    first: int
    steps: int
    learning_rate: float
    warmup: int


def written(value: Any) -> str:  # noqa: ANN401 (a number, a regime, or several of them)
    """Write a value, or one for each phase, as options and files have it: `2000>500`."""
    if isinstance(value, tuple):
        return SEPARATOR.join(written(each) for each in value)
    return str(getattr(value, "value", value))


def _each(adapter: TypeAdapter[Any]) -> PlainValidator:
    """Make the check of an option: a value, or a text or sequence of one for each phase."""

    def one(value: object, option: str) -> Any:  # noqa: ANN401 (the type of the adapter)
        if isinstance(value, bool):
            raise InputError(f"{str(value).lower()} is no number; give one", option=option)
        try:
            return adapter.validate_python(value.strip() if isinstance(value, str) else value)
        except ValidationError as error:
            raise InputError(input_error(error).sentence, option=option) from error

    def check(value: object, info: ValidationInfo) -> Any:  # noqa: ANN401 (one or several)
        option = info.field_name or ""
        values = value.split(SEPARATOR) if isinstance(value, str) else value
        if not isinstance(values, list | tuple):
            return one(value, option)
        if any(each is None for each in values):
            raise InputError("a phase has no value; give each its own, such as P>R5", option=option)
        if not 1 <= len(values) <= _MOST_PHASES:
            raise InputError(f"there are 1 to {_MOST_PHASES} phases, not {len(values)}", option=option)
        checked = tuple(one(each, option) for each in values)
        return checked if len(checked) > 1 else checked[0]

    return PlainValidator(check)


_PLAIN = PlainSerializer(
    lambda value: written(value) if isinstance(value, tuple) else value, when_used="json"
)

Regimes = Annotated[Regime | tuple[Regime, ...] | None, _each(TypeAdapter(Regime | None)), _PLAIN]
"""Label regime, one for each phase where there are several, or None."""
Steps = Annotated[
    int | tuple[int, ...], _each(TypeAdapter(Annotated[int, Field(ge=1, le=MOST_STEPS)])), _PLAIN
]
"""Number of steps, one for each phase where there are several."""
Rates = Annotated[
    float | tuple[float, ...], _each(TypeAdapter(Annotated[float, Field(ge=1e-12, le=1000)])), _PLAIN
]
"""Learning rate, one for each phase where they differ."""


def plan_phases(
    regimes: Regime | tuple[Regime, ...] | None,
    steps: int | tuple[int, ...],
    rates: float | tuple[float, ...],
    warmup: int | None,
) -> tuple[Phase, ...]:
    """Put the phases of a training together; a single learning rate holds for all.

    Args:
        regimes: Label regime of each phase.
        steps: Number of steps of each phase.
        rates: Highest learning rate of each phase.
        warmup: Number of steps over which it rises; by default a twentieth of the phase, at most 1000.

    Raises:
        InputError: The phases of the options are not as many.
    """
    named = regimes if isinstance(regimes, tuple) else (regimes,)
    counts = steps if isinstance(steps, tuple) else (steps,)
    highest = rates if isinstance(rates, tuple) else (rates,) * len(named)
    _require_as_many("steps", counts, named, regimes, "2000>500")
    _require_as_many("learning_rate", highest, named, regimes, "1e-3>1e-4")
    phases, first = [], 0
    for regime, count, rate in zip(named, counts, highest, strict=True):
        rise = min(count // _WARMUP_FRACTION, _LONGEST_WARMUP) if warmup is None else warmup
        phases.append(Phase(regime, first, count, rate, rise))
        first += count
    return tuple(phases)


def phase_at(phases: Sequence[Phase], step: int) -> int:
    """Find the index of the phase that a step belongs to; beyond the last step it is the last phase."""
    return max(index for index, phase in enumerate(phases) if index == 0 or step >= phase.first)


def _require_as_many(
    option: str, values: tuple[Any, ...], named: tuple[Any, ...], regimes: object, example: str
) -> None:
    if len(values) == len(named):
        return
    if len(named) == 1:
        regime = "no regime" if regimes is None else f"the one regime {written(regimes)}"
        raise InputError(
            f"{written(values)} is of {len(values)} phases and there is {regime}; name one for each, such "
            "as P>R5",
            option=(option, "regime"),
        )
    given = (
        f"{written(values)} is one number" if len(values) == 1 else f"{written(values)} is of {len(values)}"
    )
    raise InputError(
        f"{given} and {written(regimes)} has {len(named)} phases; give each phase its own, such as {example}",
        option=(option, "regime"),
    )
