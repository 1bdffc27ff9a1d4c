"""Quality of a dataset: agreement of labels, estimates from a sample, and labels that are likely wrong."""
