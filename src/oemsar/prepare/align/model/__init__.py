"""Corrections fitted to tie points, and the choice between them."""
