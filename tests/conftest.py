"""What all tests share."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # how long an example takes is no property of the code
settings.load_profile("untimed")
