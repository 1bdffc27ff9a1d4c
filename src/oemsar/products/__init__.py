"""What a radar file is: one module for each kind of product, and the registry that tells them apart."""
