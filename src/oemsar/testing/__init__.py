"""Contracts of what other packages may add, each a function that raises AssertionError with a sentence."""
