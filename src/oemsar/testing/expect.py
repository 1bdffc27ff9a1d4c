"""Conditions of a contract."""


def expect(condition: bool, sentence: str) -> None:
    """Check a condition of a contract.

    Args:
        condition: Whether it holds.
        sentence: What is wrong where it does not hold.

    Raises:
        AssertionError: It does not hold.
    """
    if not condition:
        raise AssertionError(sentence)
