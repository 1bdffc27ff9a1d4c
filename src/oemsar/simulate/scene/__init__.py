"""Simulated scene with its radar geometry and exact displacements."""
