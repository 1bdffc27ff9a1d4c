"""The main job from end to end on a simulated world, and the page that shows it."""
