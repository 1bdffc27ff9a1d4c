"""Text of names and files made harmless: for a terminal and a log, and for Markdown, LaTeX and CSV.

A name can hold anything but a slash: characters that steer a terminal, line breaks that look like another
message, marks that turn the direction of writing, bytes that are no text.
"""

import logging
import re

from oemsar.addresses import restored, without_queries

_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Control characters, line and paragraph breaks, marks of direction or without width, and halves of
characters, as which Python reads bytes that are not UTF-8."""
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "%": r"\%",
    "_": r"\_",
    "&": r"\&",
    "#": r"\#",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "\u2013": "--",
}
_MARKDOWN = re.compile(r"([\\`*\[\]|])")


def visible(text: str) -> str:
    r"""Write characters that are not seen, line breaks among them, as escapes such as `\u001b`."""
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def visible_sentence(text: str) -> str:
    """Make a sentence harmless, and write the addresses in it as a person does, without their queries."""
    return visible(without_queries(restored(text)))


class VisibleFormatter(logging.Formatter):
    """Formatter of log lines whose message is harmless."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (name of the standard library)
        """Format one line."""
        record.message = visible_sentence(record.message)
        return super().formatMessage(record)


def show_logs(level: int) -> None:
    """Send log lines of a level and above, and those of the package as it is set, to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(VisibleFormatter("%(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)


def latex_text(text: str) -> str:
    """Write text for LaTeX, on one line, so that none of it is a command."""
    return "".join(_LATEX.get(character, character) for character in visible(text))


def markdown_text(text: str) -> str:
    """Write text for Markdown, on one line, so that none of it is markup or HTML."""
    plain = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", plain)


def csv_cell(value: object) -> object:
    """Give a cell of a table that a spreadsheet takes for text: one that begins a formula gets a quote."""
    if not isinstance(value, str):
        return value
    formula = value[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(value)
    return f"'{value}" if formula else value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
