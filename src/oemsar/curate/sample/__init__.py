"""Probability samples of tiles to label by hand, and the tasks for those who label them."""
