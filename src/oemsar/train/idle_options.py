"""Options of a training that do nothing without another one, or less than they say."""

import logging
from collections.abc import Sequence

from oemsar.config_file import Config
from oemsar.errors import InputError
from oemsar.train.phases import Phase

_NEEDS = {
    "teacher_weight": "teacher",
    "teacher_temperature": "teacher",
    "teacher_reach": "teacher",
    "self_threshold": "self_training",
    "self_weight": "self_training",
    "photometry": "augment",
}
"""Options that mean something only where another one is given."""

log = logging.getLogger(__name__)


def require_meaning(config: Config) -> None:
    """Check that every option of a training that was changed is of use with the others.

    Raises:
        InputError: One does nothing without another, which is named.
    """
    fields = type(config).model_fields
    for option, needed in _NEEDS.items():
        value = getattr(config, option)
        if value != fields[option].default and not getattr(config, needed):
            raise InputError(
                f"{value:g} does nothing without {needed.replace('_', ' ')}; give that too or leave it out",
                option=(option, needed),
            )


def tell_of_short_phases(phases: Sequence[Phase]) -> None:
    """Warn of phases that end before the learning rate has risen to what was asked."""
    for phase in phases:
        if phase.warmup >= phase.steps:
            log.warning(
                "the learning rate rises over %d steps and the phase has %d: it never reaches %g",
                phase.warmup,
                phase.steps,
                phase.learning_rate,
            )
