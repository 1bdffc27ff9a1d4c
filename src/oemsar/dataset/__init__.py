"""Tiles of paired radar and optical imagery with their labels, and the table that lists them."""
