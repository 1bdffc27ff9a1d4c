"""Files that an alignment writes."""
