"""Sensor models and terrain: rational functions, look geometry, heights and datums, layover and shadow."""
