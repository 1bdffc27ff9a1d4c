"""Simulated release: planned, rendered and written tile by tile."""
