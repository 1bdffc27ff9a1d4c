"""The two ways a command can end badly."""


class OemsarError(Exception):
    """An error meant for the person at the keyboard: one sentence, shown without a traceback.

    Anything else that is raised is a programming error and keeps its traceback.
    """

    exit_code = 1


class InputError(OemsarError):
    """The input is wrong; the sentence names the file or option and what to do about it."""

    exit_code = 2


class Failure(OemsarError):  # noqa: N818 (what happened, not what was wrong)
    """The input was right but the work could not be done: the network, the disk, the memory."""

    exit_code = 1
