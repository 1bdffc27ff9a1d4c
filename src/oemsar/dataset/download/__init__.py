"""Archives of the published dataset: found, fetched, checked, unpacked."""
