"""Mixed images and their targets."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.network.cnn.mixing import cutmix, mix, mixup
from pixelproof.params.cnn import Cnn

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 9, 7, 3), dtype=np.uint8)
TARGETS = np.eye(3, dtype=np.float32)[[0, 1, 2, 0, 1, 2]]


def network(**recipe: Any) -> Cnn:
    return Cnn.model_validate(
        {"layers": {"flatten": {"kind": "flatten"}}, "head": "softmax", "learning_rate": 0.1, **recipe}
    )


SEEDS = st.integers(0, 2**32 - 1)
ALPHAS = st.floats(0.05, 4)


@given(seed=SEEDS, alpha=ALPHAS)
def test_mixup_is_the_weighted_mean_of_an_image_and_its_partner(seed: int, alpha: float) -> None:
    """Else the targets would promise other shares than the images hold."""
    mixed = mixup(IMAGES, alpha, np.random.default_rng(seed))
    assert sorted(mixed.partners) == list(range(6))
    assert mixed.images.dtype == np.float32
    expected = mixed.share * IMAGES.astype(float) + (1 - mixed.share) * IMAGES[mixed.partners]
    np.testing.assert_allclose(mixed.images, expected, atol=1e-3)


@given(seed=SEEDS, alpha=ALPHAS)
def test_cutmix_takes_a_rectangle_of_the_partner_and_its_share_is_the_area_that_is_left(
    seed: int, alpha: float
) -> None:
    """Else the targets would promise other shares than the images hold, above all at the edges."""
    images = np.arange(4)[:, None, None, None] * np.ones((1, 9, 7, 1), np.uint8)  # each one a grey of its own
    mixed = cutmix(images, alpha, np.random.default_rng(seed))
    for place, partner in enumerate(mixed.partners):
        if partner == place:
            continue
        foreign = mixed.images[place, ..., 0] == partner
        assert set(np.unique(mixed.images[place])) <= {place, partner}
        assert 1 - foreign.mean() == pytest.approx(mixed.share)
        rows, columns = foreign.any(axis=1), foreign.any(axis=0)
        np.testing.assert_array_equal(foreign, np.outer(rows, columns))


@given(seed=SEEDS, step=st.integers(0, 10**6), kind=st.sampled_from(["mixup", "cutmix"]))
def test_mixed_targets_are_probabilities_and_follow_the_share(seed: int, step: int, kind: str) -> None:
    """Else the loss would be no cross-entropy."""
    mixed = mix(IMAGES, network(**{kind: {"alpha": 0.3}}), seed=seed, step=step)
    soft = mixed.soft(TARGETS)
    assert (soft.dtype, soft.shape) == (np.float32, TARGETS.shape)
    np.testing.assert_allclose(soft.sum(axis=1), 1, rtol=1e-6)
    own = soft[np.arange(6), TARGETS.argmax(axis=1)]
    same = TARGETS.argmax(axis=1) == TARGETS[mixed.partners].argmax(axis=1)
    np.testing.assert_allclose(own, np.where(same, 1, mixed.share), atol=1e-6)


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
def test_the_draws_are_those_of_the_seed_and_the_step(kind: str) -> None:
    """Else a training that continues would mix other images, or every step mix alike."""
    params = network(**{kind: {"alpha": 1.0}})
    first, again = (mix(IMAGES, params, seed=7, step=3) for _ in range(2))
    np.testing.assert_array_equal(first.images, again.images)
    shares = {mix(IMAGES, params, seed=seed, step=step).share for seed in (7, 8) for step in (3, 4)}
    assert len(shares) == 4


@settings(max_examples=20)
@given(seed=SEEDS)
def test_the_share_is_drawn_evenly_with_alpha_1(seed: int) -> None:
    """Else alpha would mean something else than in the paper: Beta(1, 1) has mean 1/2 and variance 1/12."""
    shares = [mixup(IMAGES, 1.0, np.random.default_rng([seed, number])).share for number in range(400)]
    assert np.mean(shares) == pytest.approx(1 / 2, abs=0.08)
    assert np.var(shares) == pytest.approx(1 / 12, abs=0.025)


def test_a_batch_of_one_image_stays_as_it_is() -> None:
    """Else the last, smallest batch of an epoch would fail; its partner is itself."""
    for kind in ("mixup", "cutmix"):
        mixed = mix(IMAGES[:1], network(**{kind: {"alpha": 1.0}}), seed=7, step=0)
        np.testing.assert_allclose(mixed.images, IMAGES[:1], atol=1e-3)


def test_the_images_that_came_in_are_not_changed() -> None:
    """Else the store's own pixels, or the next view of an image, would be spoilt."""
    before = IMAGES.copy()
    for kind in ("mixup", "cutmix"):
        mix(IMAGES, network(**{kind: {"alpha": 1.0}}), seed=7, step=0)
    np.testing.assert_array_equal(IMAGES, before)


def test_without_a_word_in_params_nothing_is_mixed() -> None:
    """Else params without the keys would train otherwise than they did."""
    mixed = mix(IMAGES, network(), seed=7, step=0)
    assert mixed.images is IMAGES
    np.testing.assert_array_equal(mixed.soft(TARGETS), TARGETS)
