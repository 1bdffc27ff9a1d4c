"""Saved networks made ready to run on this machine."""
