"""Radar geometry of the simulator: track, slant range grid, geolocation."""
