"""Trying again when the network fails for a reason that may pass, and when to give up."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from oemsar.errors import Failure

log = logging.getLogger(__name__)

T = TypeVar("T")

PASSING_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that another try may find gone (RFC 9110 section 15, RFC 6585, RFC 8470)."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a network that fails.

    Attributes:
        tries: tries in a row that may bring nothing new before the work is given up.
        first_wait: seconds before the second try; doubled with every further one.
        longest_wait: seconds, the most that is waited between two tries, whatever the server asks for.
        timeout: seconds without a byte after which a connection counts as dropped.
    """

    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 120.0
    timeout: float = 60.0

    def wait(self, failed: int, retry_after: float | None) -> float:
        """Seconds to wait after `failed` fruitless tries, given what the server asked for."""
        asked = self.first_wait * 2.0 ** max(failed - 1, 0) if retry_after is None else retry_after
        return min(asked, self.longest_wait)


class Hindrance(Exception):  # noqa: N818 (it is a reason to try again, not an error)
    """A try failed for a reason that may pass.

    Attributes:
        retry_after: seconds the server asks to be left alone, or None.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def insist(
    attempt: Callable[[], T], address: str, patience: Patience, gained: Callable[[], int] = lambda: 0
) -> T:
    """Call `attempt` until it returns.

    Args:
        attempt: one try; raises `Hindrance` or `httpx.RequestError` where another may succeed.
        address: named in the sentence for the user.
        patience: how often and how long.
        gained: what the tries have brought so far; when it grows beyond its highest, the count of
            fruitless tries starts again, so that a long transfer survives any number of interruptions.

    Raises:
        Failure: `patience.tries` tries in a row brought nothing new.
    """
    furthest, fruitless = gained(), 0
    while True:
        try:
            return attempt()
        except (Hindrance, httpx.RequestError) as error:
            now = gained()
            fruitless = 0 if now > furthest else fruitless + 1
            furthest = max(now, furthest)
            reason = str(error) or type(error).__name__
            if fruitless >= patience.tries:
                raise Failure(
                    f"{address} does not answer as it should ({reason}), tried {patience.tries} times; "
                    "check the connection and run the same command again to go on from here"
                ) from error
            wait = patience.wait(fruitless, error.retry_after if isinstance(error, Hindrance) else None)
        log.info("%s: %s; trying again in %.0f s", address, reason, wait)
        time.sleep(wait)


def refuse_passing(response: httpx.Response) -> None:
    """Raise `Hindrance` where the status of `response` may be another one later."""
    if response.status_code in PASSING_STATUSES:
        reason = f"{response.status_code} {response.reason_phrase}"
        raise Hindrance(reason, _retry_after(response.headers.get("retry-after")))


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header: a number of seconds or a date (RFC 9110 section 10.2.3)."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())
