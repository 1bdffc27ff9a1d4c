"""A town and its countryside: ground, objects, materials."""
