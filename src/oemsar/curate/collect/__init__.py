"""Labels made by hand, taken back into a table of tiles."""
