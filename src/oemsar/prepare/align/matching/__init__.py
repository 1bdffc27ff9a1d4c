"""Displacements between two images, measured window by window."""
