"""Options that do nothing without another are refused; a rate that is never reached is told of."""

import logging

import pytest

from oemsar.errors import InputError
from oemsar.train.config import TrainConfig
from oemsar.train.idle_options import tell_of_short_phases


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"teacher_weight": 0.9}, "teacher_weight, teacher: 0.9 does nothing without teacher"),
        ({"teacher_temperature": 9}, "teacher_temperature, teacher: 9 does nothing without teacher"),
        ({"teacher_reach": 2.5}, "teacher_reach, teacher: 2.5 does nothing without teacher"),
        ({"self_threshold": 0.8}, "self_threshold, self_training: 0.8 does nothing without self training"),
        ({"self_weight": 2}, "self_weight, self_training: 2 does nothing without self training"),
        ({"photometry": 2, "augment": False}, "photometry, augment: 2 does nothing without augment"),
        ({"self_training": True}, "self_training, ema: the labels are those of averaged weights"),
    ],
)
def test_an_option_that_does_nothing_is_refused(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as raised:
        TrainConfig(**options)
    assert str(raised.value).startswith(sentence)


def test_options_at_their_defaults_and_with_what_they_need_are_taken() -> None:
    TrainConfig.model_validate(TrainConfig().model_dump())
    assert TrainConfig(self_training=True, ema=0.9, self_threshold=0.8).self_threshold == 0.8


def test_a_phase_that_ends_before_its_rate_is_reached_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    config = TrainConfig(regime="P>R5", steps="100>10", warmup=20, learning_rate="1e-3>1e-4")
    with caplog.at_level(logging.WARNING, "oemsar"):
        tell_of_short_phases(config.phases)
    (record,) = caplog.records
    assert record.getMessage() == (
        "the learning rate rises over 20 steps and the phase has 10: it never reaches 0.0001"
    )
