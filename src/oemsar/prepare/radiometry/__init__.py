"""Grey values of radar and optical images."""
