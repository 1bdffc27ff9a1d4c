"""Parts of tiles brought to the size of a crop."""

import numpy as np

from oemsar.train.resample import fit_images, fit_labels


def test_a_reduced_label_is_that_of_the_pixel_in_the_middle() -> None:
    """Of 9 rows 3 are left, the second of each three; of 10 columns 2, the pixel behind each middle."""
    label = np.arange(90, dtype=np.uint8).reshape(9, 10)
    fitted = fit_labels(label, (3, 2), 4)
    np.testing.assert_array_equal(fitted[:3, :2], label[[1, 4, 7]][:, [2, 7]])
    assert not fitted[3].any()
    assert not fitted[:, 2:].any()
    doubled = fit_labels(np.stack([label, label + 1]), (18, 10), 18)[..., :10]
    np.testing.assert_array_equal(doubled, np.stack([label, label + 1]).repeat(2, axis=1))


def test_images_are_averaged_and_filled_up_by_reflection() -> None:
    image = np.arange(24, dtype=np.float32).reshape(1, 4, 6)
    fitted = fit_images(image, (2, 3), 4)
    assert fitted.shape == (1, 4, 4)
    assert abs(fitted[0, :2, :3].mean() - image.mean()) < 1e-4
    np.testing.assert_array_equal(fitted[0, :2], fitted[0, 3:1:-1])
    np.testing.assert_array_equal(fitted[..., 3], fitted[..., 2])
    gap = image.copy()
    gap[0, :2, :2] = np.nan
    assert np.isnan(fit_images(gap, (2, 3), 3)[0, 0, 0])
    assert fit_images(image, (4, 6), 6)[0, 4:].tolist() == image[0, 3:1:-1].tolist()
