"""The services that a search or a transfer asks, as its configuration says."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from oemsar.scenes.config import EndpointConfig, WebConfig
from oemsar.scenes.endpoints import Endpoints, override_endpoints
from oemsar.scenes.registry import SOURCES
from oemsar.scenes.source import Services
from oemsar.web.cache import cache_folder
from oemsar.web.client import open_web
from oemsar.web.retry import RetryPolicy


@contextmanager
def open_services(config: WebConfig) -> Iterator[Services]:
    """Open the client and the table of addresses.

    Raises:
        InputError: An address that overrides another is wrong.
    """
    endpoints = known_endpoints(config)
    policy = RetryPolicy(config.tries, config.first_wait, config.longest_wait)
    with open_web(
        policy=policy,
        timeout=config.timeout,
        rate=config.rate,
        at_once=config.at_once,
        cache=cache_folder(config.cache),
    ) as web:
        yield Services(web, endpoints)


def known_endpoints(config: EndpointConfig) -> Endpoints:
    """Make the table of addresses, those of sources of other packages included.

    Raises:
        InputError: An address that overrides another is wrong.
    """
    further: dict[str, str] = {}
    for name in SOURCES:
        own = SOURCES.find(name).endpoints
        if isinstance(own, Mapping):
            further.update(own)
    return override_endpoints(config.endpoint, further)
