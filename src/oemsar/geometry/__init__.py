"""Sensor models and terrain: rational functions, radar look geometry, heights and datums, layover and shadow."""
