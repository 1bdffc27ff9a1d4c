"""Training: crops, augmentation, losses, the Lightning module and the run around them."""
