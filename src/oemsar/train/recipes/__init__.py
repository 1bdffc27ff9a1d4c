"""The recipes of the package, each a YAML file of training options that tells why."""

from pathlib import Path

from oemsar.config_file import read_yaml

DEFAULT, PUBLISHED, LOW_LABEL = (
    read_yaml(Path(__file__).with_name(f"{name}.yaml")) for name in ("default", "published", "low-label")
)
