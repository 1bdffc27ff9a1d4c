"""Land cover maps as polygons: patches of one class, their outlines, and files of features."""
