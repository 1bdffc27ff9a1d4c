"""Processes that begin with the package read: forked from one that has read it, in a tenth of a second."""

import multiprocessing
from functools import cache
from multiprocessing.context import BaseContext

_READ = (
    "pytest",
    "oemsar.cli.app",
    "oemsar.dataset.verify",
    "oemsar.evaluate.run",
    "oemsar.predict.run",
    "oemsar.prepare.ortho.run",
    "oemsar.prepare.pair.run",
    "oemsar.prepare.radiometry.run",
    "oemsar.train.module",
)


@cache
def forking() -> BaseContext:
    """Processes of Python's fork server, which is started with the first of them and ends with this one.

    What a process runs is imported there by name; what was patched here is not patched there.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_READ))
    return context
