"""Tries of a request that failed for a reason that may pass.

The loop is own code and no library's: tenacity and its kin count tries, while a long transfer must be given
up after a number of tries that brought nothing new, however many have brought something before.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from oemsar.errors import Failure

_log = logging.getLogger(__name__)

T = TypeVar("T")

TRANSIENT_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses that may be gone at another try (RFC 9110 section 15, RFC 6585, RFC 8470)."""


@dataclass(frozen=True)
class RetryPolicy:
    """Number of tries of a failing request and the waits between them.

    Attributes:
        tries: Tries in a row that may bring nothing new before the work is given up.
        first_wait: Seconds before the second try; doubled with every further one.
        longest_wait: Longest wait between two tries in seconds, whatever the server asks for.
    """

    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 120.0

    def wait(self, failed: int, retry_after: float | None) -> float:
        """Compute the seconds to wait after `failed` fruitless tries, given the wait a server asks for."""
        asked = self.first_wait * 2.0 ** max(failed - 1, 0) if retry_after is None else retry_after
        return min(asked, self.longest_wait)


class TransientError(Exception):
    """A failure that may be gone at another try.

    Attributes:
        retry_after: Seconds the server asks to be left alone, or None.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


def retry(
    attempt: Callable[[], T], address: str, policy: RetryPolicy, gained: Callable[[], int] = lambda: 0
) -> T:
    """Call `attempt` until it returns.

    Args:
        attempt: One try; raises `TransientError` or `httpx.RequestError` where another may succeed.
        address: Address named in the sentence of an error.
        policy: Number of tries and waits between them.
        gained: Counts what the tries have brought so far; when it grows beyond its highest, the count of
            fruitless tries starts again, so that a long transfer survives any number of interruptions.

    Returns:
        Result of the try that succeeded.

    Raises:
        Failure: `policy.tries` tries in a row brought nothing new.
    """
    furthest, fruitless = gained(), 0
    while True:
        try:
            return attempt()
        except (TransientError, httpx.RequestError) as error:
            now = gained()
            fruitless = 0 if now > furthest else fruitless + 1
            furthest = max(now, furthest)
            reason = str(error) or type(error).__name__
            if fruitless >= policy.tries:
                raise Failure(
                    f"{address} does not answer as it should ({reason}), tried {policy.tries} times; "
                    "check the connection and run the same command again to go on from here"
                ) from error
            wait = policy.wait(fruitless, error.retry_after if isinstance(error, TransientError) else None)
        _log.info("%s: %s; trying again in %.0f s", address, reason, wait)
        time.sleep(wait)


def raise_transient(response: httpx.Response) -> None:
    """Raise `TransientError` where the status of a response may be another one later."""
    if response.status_code in TRANSIENT_STATUSES:
        reason = f"{response.status_code} {response.reason_phrase}"
        raise TransientError(reason, retry_after_of(response))


def retry_after_of(response: httpx.Response) -> float | None:
    """Read the seconds of a Retry-After header, a number or a date (RFC 9110 section 10.2.3), or None."""
    value: str | None = response.headers.get("retry-after")
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
