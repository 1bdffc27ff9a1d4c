"""Confusion matrix of four 1024 x 1024 class maps: `oemsar` beside a loop over the classes.

The loop is the published style: for each class the pixels predicted right (tp), predicted but wrong (fp)
and missed (fn), each a boolean mask and its sum, in PyTorch with all its threads. It is measured as it is
usually written, `mask.sum()`, and with `torch.count_nonzero`, which PyTorch runs faster on masks.

Run with `python benchmarks/confusion.py`; takes about half a minute on two cores.
"""

import statistics
import time
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from oemsar.evaluate.confusion import confusion_tensor
from oemsar.legend import CLASSES

TILES, SIZE, REPEATS = 4, 1024, 9
Counts = list[tuple[int, int, int]]


def loop_over_classes(truth: Tensor, prediction: Tensor, count: Callable[[Tensor], Tensor]) -> Counts:
    """(tp, fp, fn) of each class by boolean masks; pixels of unknown truth are not counted."""
    known = truth != 0
    scores = []
    for entry in CLASSES:
        in_truth = truth == entry.id
        in_prediction = (prediction == entry.id) & known
        tp = count(in_truth & in_prediction)
        fp = count(~in_truth & in_prediction)
        fn = count(in_truth & ~in_prediction)
        scores.append((int(tp), int(fp), int(fn)))
    return scores


def of_confusion(confusion: Tensor) -> Counts:
    """(tp, fp, fn) of each class from a confusion matrix."""
    tp = confusion.diagonal()
    table = torch.stack([tp, confusion.sum(0) - tp, confusion.sum(1) - tp], dim=1)
    return [(row[0], row[1], row[2]) for row in table.tolist()]


def noise() -> tuple[Tensor, Tensor]:
    """Truth and prediction of independent random pixels."""
    random = torch.Generator().manual_seed(0)
    shape = (TILES, SIZE, SIZE)
    truth = torch.randint(0, 9, shape, dtype=torch.uint8, generator=random)
    return truth, torch.randint(1, 9, shape, dtype=torch.uint8, generator=random)


def patches() -> tuple[Tensor, Tensor]:
    """Truth of 32-pixel squares, as smooth as a map, and a prediction that errs on a fifth of the pixels."""
    random = torch.Generator().manual_seed(0)
    squares = torch.randint(0, 9, (TILES, SIZE // 32, SIZE // 32), dtype=torch.uint8, generator=random)
    truth = squares.repeat_interleave(32, 1).repeat_interleave(32, 2)
    wrong = torch.rand(truth.shape, generator=random) < 0.2
    return truth, torch.where(wrong, 3, truth.clamp(min=1)).to(torch.uint8)


def milliseconds(contestants: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Take the times of each, measured in turns, so that what else the machine does strikes all alike."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(1 + REPEATS):
        for name, work in contestants.items():
            start = time.perf_counter()
            work()
            times[name].append((time.perf_counter() - start) * 1e3)
    return {name: measured[1:] for name, measured in times.items()}


def main() -> None:
    """Print the times of both sides and their ratio."""
    print(f"{TILES} x {SIZE} x {SIZE} pixels, {torch.get_num_threads()} threads, median (best) of {REPEATS}")
    for name, (truth, prediction) in {"noise": noise(), "patches": patches()}.items():
        ours = partial(confusion_tensor, truth, prediction)
        loops = {
            "mask.sum()": partial(loop_over_classes, truth, prediction, Tensor.sum),
            "torch.count_nonzero": partial(loop_over_classes, truth, prediction, torch.count_nonzero),
        }
        assert all(loop() == of_confusion(ours()) for loop in loops.values())
        times = milliseconds({"confusion_tensor": ours, **loops})
        median = {side: statistics.median(measured) for side, measured in times.items()}
        best = {side: min(measured) for side, measured in times.items()}
        print(
            f"{name}: confusion_tensor {median['confusion_tensor']:.2f} ({best['confusion_tensor']:.2f}) ms"
        )
        for style in loops:
            ratios = [measure[style] / measure["confusion_tensor"] for measure in (median, best)]
            print(
                f"{name}: loop with {style} {median[style]:.0f} ({best[style]:.0f}) ms, "
                f"ratio {ratios[0]:.0f} ({ratios[1]:.0f})"
            )


if __name__ == "__main__":
    main()
