"""The contract of inputs: kept by all of the package, and broken where it should be."""

from dataclasses import replace

import pytest

from oemsar.inputs import HEIGHT, INPUTS
from oemsar.testing.inputs import check_input


@pytest.mark.parametrize("name", INPUTS.names())
def test_every_input_keeps_the_contract(name: str) -> None:
    check_input(name)


def test_two_polarisations_keep_the_contract() -> None:
    check_input("sar", channels=2)


def test_another_name_breaks_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(INPUTS, "find", lambda _: replace(HEIGHT, name="depth"))
    with pytest.raises(AssertionError, match="input height calls itself depth"):
        check_input("height")
