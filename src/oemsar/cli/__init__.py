"""The command line: one file per verb, none with logic of its own."""
