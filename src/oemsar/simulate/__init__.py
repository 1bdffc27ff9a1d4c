"""A physical world with exact truth: terrain, land cover, optical and radar rendering."""
