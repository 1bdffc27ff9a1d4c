"""The entry of the command line, which answers signals before anything heavy is read."""

import sys

from oemsar.signals import signal_of, stopping


def main() -> None:
    """Run the command line."""
    with stopping():
        try:
            from oemsar.cli import app
        except KeyboardInterrupt as error:
            sys.stderr.write("oemsar: interrupted before it began\n")
            sys.exit(128 + signal_of(error))
        app.main()
