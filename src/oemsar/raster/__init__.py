"""Georeferenced rasters: windows in, Cloud Optimized GeoTIFF out."""
