"""Scenes found and fetched: radar collects, orthophotos and elevation models from public services."""
