"""Training: crops, augmentation, losses, the Lightning module."""
