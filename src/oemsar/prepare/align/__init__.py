"""Alignment: finding what is left between a radar image and an orthophoto, and how sure that is."""
