"""Who prepares imagery or reads tables needs no PyTorch; importing the package loads nothing heavy."""

import subprocess
import sys

import pytest

WITHOUT = """
import importlib, pkgutil, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "lightning", "torchmetrics", "timm", "safetensors"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
package = importlib.import_module(sys.argv[1])
names = [package.__name__]
names += [entry.name for entry in pkgutil.walk_packages(package.__path__, package.__name__ + ".")]
for name in names:
    importlib.import_module(name)
print(len(names))
"""


@pytest.mark.parametrize("package", ["raster", "geometry", "products", "prepare", "dataset", "simulate"])
def test_a_package_is_imported_where_there_is_no_pytorch(package: str) -> None:
    command = [sys.executable, "-c", WITHOUT, f"oemsar.{package}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 5
