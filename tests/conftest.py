"""What all tests share."""

import signal

from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # how long an example takes is no property of the code
settings.load_profile("untimed")

# A shell starts what runs in the background with Ctrl-C ignored, and every process from there on inherits
# that; with a handler here, the commands that tests start have theirs.
signal.signal(signal.SIGINT, signal.default_int_handler)
