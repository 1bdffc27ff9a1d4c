"""Agreement of two people, or of any two labels, beyond chance."""

import numpy as np

from oemsar.arrays import Doubles


def cohen_kappa(confusion: Doubles) -> float | None:
    """Compute Cohen's kappa (Cohen 1960) of a confusion matrix of counts, any number of classes.

    Returns:
        1 for full agreement, 0 for that of chance; None without counts, or where both use one class alone.
    """
    total = confusion.sum()
    if not total:
        return None
    observed = np.trace(confusion) / total
    expected = float(confusion.sum(0) @ confusion.sum(1)) / total**2
    return float((observed - expected) / (1 - expected)) if expected < 1 else None


def kappa_of_class(confusion: Doubles, index: int) -> float | None:
    """Compute Cohen's kappa of one class against all others."""
    hits = confusion[index, index]
    row, column = confusion[index].sum() - hits, confusion[:, index].sum() - hits
    rest = confusion.sum() - hits - row - column
    return cohen_kappa(np.array([[hits, row], [column, rest]])) if hits + row + column else None


def krippendorff_alpha(confusion: Doubles) -> float | None:
    """Compute Krippendorff's alpha of two coders and nominal classes from a confusion matrix of counts.

    With the coincidences o = C + C', their margins n_k and total n, alpha is
    1 - (n - 1) sum of o off the diagonal / sum over k != l of n_k n_l (Krippendorff 2011, Computing
    Krippendorff's alpha-reliability).

    Returns:
        1 for full agreement, 0 for that of chance; None without counts, or where both use one class alone.
    """
    coincidences = confusion + confusion.T
    margins = coincidences.sum(0)
    total = margins.sum()
    expected = total**2 - float(margins @ margins)
    if not expected:
        return None
    apart = total - np.trace(coincidences)
    return float(1 - (total - 1) * apart / expected)
