"""Scenes to dataset: radiometry, orthorectification, alignment and pairs on one grid."""
