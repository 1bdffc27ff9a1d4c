"""Kinds of radar product: one module for each, and the registry that tells them apart."""
