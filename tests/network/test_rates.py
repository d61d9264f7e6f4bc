"""The learning rate by the step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pixelproof.network.rates import Rate, rates
from pixelproof.params.recipe import Schedule


def curve(steps_per_epoch: int = 4, epochs: int = 10, peak: float = 0.1, **schedule: object) -> Rate:
    checked: Schedule = TypeAdapter(Schedule).validate_python(schedule)
    return rates(checked, peak, steps_per_epoch=steps_per_epoch, epochs=epochs)


def test_without_a_schedule_the_rate_stays() -> None:
    """Else params without the key would train otherwise than they did."""
    rate = rates(None, 0.1, steps_per_epoch=4, epochs=10)
    assert {rate(step) for step in range(40)} == {0.1}


def test_a_warm_up_rises_in_a_line_to_the_peak() -> None:
    """Else the first steps would be too long, which is what a warm-up is against, or be lost at a rate of 0."""
    rate = curve(kind="constant", warmup_epochs=2)
    np.testing.assert_allclose([rate(step) for step in range(10)], [*np.linspace(0.1 / 8, 0.1, 8), 0.1, 0.1])


def test_the_warm_up_may_end_within_an_epoch() -> None:
    """Else half an epoch would be none."""
    assert [curve(kind="constant", warmup_epochs=0.5)(step) for step in range(3)] == [0.05, 0.1, 0.1]


def test_steps_fall_at_the_beginning_of_the_epochs_after_the_milestones() -> None:
    """Else a rate would fall too early or too late by an epoch."""
    rate = curve(kind="step", milestones=[3, 5], factor=0.5)
    assert [rate(step) for step in (0, 11, 12, 19, 20, 39)] == [0.1, 0.1, 0.05, 0.05, 0.025, 0.025]


@pytest.mark.parametrize("final", [0.0, 0.2])
def test_the_cosine_goes_from_the_peak_to_its_end(final: float) -> None:
    """Else the last epochs, which polish the weights, would take steps that are too long."""
    rate = curve(kind="cosine", warmup_epochs=1, final_share=final)
    assert rate(4) == pytest.approx(0.1)
    assert rate(22) == pytest.approx(0.1 * (1 + final) / 2)
    assert rate(40) == rate(50) == pytest.approx(0.1 * final)


@pytest.mark.slow
def test_the_cosine_is_that_of_keras() -> None:
    """Else it would be another curve under the name that everyone knows. Keras's warm-up begins a step lower."""
    import keras

    expected = keras.optimizers.schedules.CosineDecay(0.0, 36, alpha=0.1, warmup_target=0.1, warmup_steps=4)
    rate = curve(kind="cosine", warmup_epochs=1, final_share=0.1)
    np.testing.assert_allclose(
        [rate(step) for step in range(4, 45)], [float(expected(step)) for step in range(4, 45)], rtol=1e-5
    )
    np.testing.assert_allclose(
        [rate(step) for step in range(3)], [float(expected(step + 1)) for step in range(3)], rtol=1e-5
    )


SCHEDULES = st.one_of(
    st.fixed_dictionaries({"kind": st.just("constant"), "warmup_epochs": st.floats(0, 4)}),
    st.fixed_dictionaries(
        {"kind": st.just("cosine"), "warmup_epochs": st.floats(0, 4), "final_share": st.floats(0, 0.99)}
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("step"),
            "warmup_epochs": st.floats(0, 4),
            "factor": st.floats(0.01, 0.99),
            "milestones": st.sets(st.integers(4, 9), min_size=1).map(sorted),
        }
    ),
)


@given(schedule=SCHEDULES, steps_per_epoch=st.integers(1, 50))
def test_every_rate_of_a_training_is_above_zero_and_at_most_the_peak(
    schedule: dict[str, object], steps_per_epoch: int
) -> None:
    """Else a step would change nothing, or leave the valley; scikit-learn also refuses a rate of 0."""
    rate = curve(steps_per_epoch, **schedule)
    seen = [rate(step) for step in range(10 * steps_per_epoch)]
    assert min(seen) > 0
    assert max(seen) <= 0.1 * (1 + 1e-12)
    highest = int(np.argmax(seen))
    assert seen == sorted(seen[:highest]) + sorted(seen[highest:], reverse=True)
