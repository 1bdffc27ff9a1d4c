"""Images of a world as radar and camera see it."""
