"""Who prepares imagery or reads tables needs no PyTorch; importing the package loads nothing heavy."""

import subprocess
import sys

WITHOUT = """
import importlib, pkgutil, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "lightning", "torchmetrics", "timm", "safetensors"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
for package in map(importlib.import_module, sys.argv[1:]):
    names = [package.__name__]
    names += [entry.name for entry in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
    for name in names:
        importlib.import_module(name)
    print(len(names))
"""
PACKAGES = (
    "web",
    "raster",
    "geometry",
    "products",
    "scenes",
    "prepare",
    "dataset",
    "simulate",
    "curate.tiles",
    "curate.sample",
)


def test_packages_are_imported_where_there_is_no_pytorch() -> None:
    command = [sys.executable, "-c", WITHOUT, *(f"oemsar.{package}" for package in PACKAGES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    counts = [int(count) for count in done.stdout.split()]
    assert len(counts) == len(PACKAGES)
    assert min(counts) > 5


def test_labels_are_collected_without_pytorch() -> None:
    command = [sys.executable, "-c", WITHOUT, "oemsar.curate.collect"]
    assert subprocess.run(command, capture_output=True, check=False).stdout.split() == [b"4"]
