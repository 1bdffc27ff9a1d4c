"""Conditions of a contract."""


def expect(condition: bool, sentence: str) -> None:
    """Check a condition of a contract.

    Args:
        condition: Whether it holds.
        sentence: Sentence of the error where the condition does not hold.

    Raises:
        AssertionError: It does not hold.
    """
    if not condition:
        raise AssertionError(sentence)
