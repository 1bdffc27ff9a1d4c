import pytest

from oemsar.benchmark.eta import EtaEstimator, format_duration


def test_nothing_is_known_before_the_first_step() -> None:
    assert EtaEstimator(1).remaining(["unet"], [("unet", 5.0, 0.0)]) is None


def test_each_network_is_expected_to_take_as_long_as_its_cells_did() -> None:
    eta = EtaEstimator(2)
    eta.add("unet", 100)
    eta.add("vmamba", 400)
    assert eta.remaining(["unet", "unet", "vmamba"], [("unet", 40, 0.4)]) == (100 + 100 + 400 + 60) / 2
    assert eta.remaining(["other"], []) == 250 / 2
    assert eta.remaining([], [("vmamba", 100, 0.2)]) == 300


def test_a_cell_at_work_tells_of_its_network() -> None:
    assert EtaEstimator(1).remaining(["unet"], [("unet", 30, 0.25)]) == 120 + 90


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (59.6, "1 min"),
        (90, "2 min"),
        (3600, "1 h 0 min"),
        (7 * 3600 + 90, "7 h 2 min"),
        (2e5, "2 d 7 h"),
    ],
)
def test_durations_in_words(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words
