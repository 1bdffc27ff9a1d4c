"""The ways a command can end badly, each with the options it is about."""

from collections.abc import Callable, Sequence
from functools import partial
from signal import SIGINT
from typing import Any


class OemsarError(Exception):
    """An error meant for the person at the keyboard: one sentence, shown without a traceback.

    Anything else that is raised is a programming error and keeps its traceback.

    Attributes:
        sentence: Sentence on the fault and its remedy, without the name of an option.
        options: Python names of the options the sentence is about; empty where it is about none.
    """

    exit_code = 1

    def __init__(self, sentence: str, *, option: str | Sequence[str] = ()) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.options = (option,) if isinstance(option, str) else tuple(option)

    def __str__(self) -> str:
        return self.spelled(lambda name: name)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.sentence, self.options)

    def spelled(self, spell: Callable[[str], str]) -> str:
        """Put the options before the sentence, each as a surface writes it.

        Args:
            spell: From the Python name of an option (`dem_datum`) to that of the surface (`--dem-datum`).
        """
        names = ", ".join(spell(name) for name in self.options)
        return f"{names}: {self.sentence}" if names else self.sentence


class InputError(OemsarError):
    """The input is wrong; the sentence names the file and what to do about it."""

    exit_code = 2


class Failure(OemsarError):  # noqa: N818 (what happened, not what was wrong)
    """The input was right but the work could not be done: the network, the disk, the memory."""


class Interrupted(Failure):
    """The work was stopped by a signal; the same command goes on with it.

    Attributes:
        signal: Number of the signal; that of Ctrl-C where it is not known.
    """

    exit_code = 128 + SIGINT

    def __init__(self, sentence: str, *, option: str | Sequence[str] = (), signal: int = SIGINT) -> None:
        super().__init__(sentence, option=option)
        self.signal = signal
        self.exit_code = 128 + signal

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(Interrupted, option=self.options, signal=self.signal), (self.sentence,)


class Occupied(Failure):
    """Another command writes the same output."""


class OutOfMemory(Failure):
    """The work needs more memory than this machine has."""


class DiskFull(Failure):
    """A disk has no room left, or a quota is used up."""


def _rebuild(kind: type[OemsarError], sentence: str, options: tuple[str, ...]) -> OemsarError:
    return kind(sentence, option=options)
