"""Tiles cut from aligned pairs by stored rules."""
