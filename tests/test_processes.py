import time
from pathlib import Path

import pytest

from oemsar.processes import process_pool


def slowly(path: Path) -> None:
    path.touch()
    time.sleep(0.05)


def begin_and_fail(folder: Path, error: type[BaseException]) -> None:
    with process_pool(2) as pool:
        for number in range(200):
            pool.submit(slowly, folder / str(number))
        while not any(folder.iterdir()):
            time.sleep(0.01)
        raise error


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_after_an_error_what_is_queued_is_not_begun(tmp_path: Path, error: type[BaseException]) -> None:
    with pytest.raises(error):
        begin_and_fail(tmp_path, error)
    assert 0 < len(list(tmp_path.iterdir())) < 100


def test_without_one_everything_is_done(tmp_path: Path) -> None:
    with process_pool(2) as pool:
        for number in range(20):
            pool.submit(slowly, tmp_path / str(number))
    assert len(list(tmp_path.iterdir())) == 20
