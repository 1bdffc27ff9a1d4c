"""The two images of an alignment on one grid, and their geometry."""
