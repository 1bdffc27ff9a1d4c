"""Names of the files of a saved model."""

WEIGHTS = "model.safetensors"
DESCRIPTION = "model.json"
