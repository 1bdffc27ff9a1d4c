"""Scenes to aligned pairs: radar and orthophoto on one grid, with masks and the record of how."""
