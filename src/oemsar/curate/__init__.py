"""From aligned pairs to a dataset: tiles, pseudo labels, samples to label by hand, labels collected."""
