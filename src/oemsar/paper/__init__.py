"""The paper's published numbers, tables and figures."""
