"""Networks of one contract, and the folders they are saved in."""
