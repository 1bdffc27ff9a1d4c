"""Scores from one confusion matrix over a whole set."""
