import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real samples: `OEMSAR_REAL_DATA`, else `shared/real` beside the checkout."""
    named = os.environ.get("OEMSAR_REAL_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2].parent / "shared" / "real"
    if not folder.is_dir():
        pytest.skip(f"no real samples: {folder} is absent; set OEMSAR_REAL_DATA to their folder")
    return folder
