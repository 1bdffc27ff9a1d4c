"""Pseudo labels: the mean of what several models say of the tiles of a table."""
