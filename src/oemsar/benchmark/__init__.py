"""The benchmark: networks x modalities x label regimes x seeds, trained, scored and put into one table."""
