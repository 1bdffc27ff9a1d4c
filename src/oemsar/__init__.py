"""Land cover maps from sub-metre radar and aerial imagery."""

__version__ = "0.1.0"
