"""Orthorectification of radar scenes."""
