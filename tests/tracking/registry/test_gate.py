from dataclasses import replace
from math import inf, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pixelproof.errors import UserError
from pixelproof.tracking.registry.gate import BETTER, SAME_TEST_PART, Contender, Metric, Terms, judge
from tests.support.imports import ROOT

DATA = {"data/resized": "aa.dir", "data/splits.csv": "bb"}
TEST_IMAGES = 750
COMPLETE = Contender("0123456789abcdef", "cnn", "FINISHED", "c0ffee123456", "", "", 0.9, 1000, DATA)
OTHER = replace(COMPLETE, run_id="fedcba9876543210", model="mlp", parameters=2000)

shares = st.integers(0, TEST_IMAGES).map(lambda right: right / TEST_IMAGES)
contenders = st.builds(
    lambda measured, parameters: replace(COMPLETE, measured=measured, parameters=parameters),
    shares,
    st.integers(1, 5),
)
metrics = st.sampled_from(list(BETTER))
margins = st.one_of(st.floats(0, 1), shares)


def passes(run: Contender, champion: Contender | None, margin: float = 0.0, metric: Metric = "test/accuracy") -> bool:
    return judge(run, champion, Terms(margin=margin, metric=metric)).passes


@given(contenders, contenders, margins, metrics)
def test_a_worse_one_is_never_promoted(run: Contender, champion: Contender, margin: float, metric: Metric) -> None:
    """The one thing that a gate is for."""
    assert run.measured is not None
    assert champion.measured is not None
    lead = BETTER[metric] * (run.measured - champion.measured)
    assume(lead < 0)
    assert not passes(run, champion, margin, metric)


@given(contenders, contenders, margins, metrics)
def test_of_two_at_most_one_takes_the_others_place(a: Contender, b: Contender, margin: float, metric: Metric) -> None:
    """Else two runs could take turns for ever."""
    assert not (passes(a, b, margin, metric) and passes(b, a, margin, metric))


@given(contenders, contenders, margins, margins, metrics)
def test_who_passes_a_margin_passes_every_smaller_one(
    run: Contender, champion: Contender, one: float, other: float, metric: Metric
) -> None:
    """Else asking for less could refuse more."""
    small, large = sorted((one, other))
    if passes(run, champion, large, metric):
        assert passes(run, champion, small, metric)


@given(contenders, contenders, metrics)
def test_without_a_margin_one_of_two_that_differ_wins(a: Contender, b: Contender, metric: Metric) -> None:
    """Else a gate that refuses everybody would pass the tests above."""
    assume((a.measured, a.parameters) != (b.measured, b.parameters))
    assert passes(a, b, 0.0, metric) != passes(b, a, 0.0, metric)


@given(st.integers(0, TEST_IMAGES - 1), st.integers(1, TEST_IMAGES))
def test_a_margin_of_some_images_is_met_by_just_so_many(right: int, more: int) -> None:
    """0.9 - 0.8 is less than 0.1 in floating point; the margin counts images all the same."""
    assume(right + more <= TEST_IMAGES)
    run = replace(COMPLETE, measured=(right + more) / TEST_IMAGES)
    champion = replace(OTHER, measured=right / TEST_IMAGES)
    assert passes(run, champion, more / TEST_IMAGES)
    assert not passes(run, champion, (more + 0.5) / TEST_IMAGES)


@given(contenders, st.sampled_from(SAME_TEST_PART), st.sampled_from(["other", None]))
def test_another_test_part_is_never_compared(run: Contender, path: str, md5: str | None) -> None:
    """Else a run would win by easier photos."""
    data = {key: known for key, known in DATA.items() if key != path} | ({path: md5} if md5 else {})
    champion = replace(OTHER, measured=0.0, data=data)
    assert not passes(run, champion)


def test_the_first_one_has_nobody_to_beat() -> None:
    """Else there would never be a champion."""
    verdict = judge(replace(COMPLETE, measured=0.1), None, Terms(margin=0.5))
    assert verdict.passes
    assert verdict.words == "run 01234567 (cnn) is the first champion, with test/accuracy 0.1000."


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"status": "FAILED"}, "it is FAILED, not FINISHED"),
        ({"measured": None}, "it has no test/accuracy"),
        ({"measured": nan}, "it has no test/accuracy"),
        ({"parameters": None}, "no number of parameters"),
        ({"commit": None}, "it records no commit"),
        ({"data": {"data/resized": "aa.dir"}}, "it records no hash of data/splits.csv"),
    ],
)
@pytest.mark.parametrize("champion", [None, replace(OTHER, measured=0.1)])
def test_an_incomplete_run_is_refused_with_what_it_lacks(
    lacking: dict[str, object], words: str, champion: Contender | None
) -> None:
    """Else a model that nobody has measured, or could make again, would go into production."""
    verdict = judge(replace(COMPLETE, **lacking), champion, Terms())
    assert not verdict.passes
    assert words in verdict.words
    assert verdict.words.endswith("Nothing was changed.")


def test_a_champion_of_another_time_may_be_beaten_though_it_names_no_commit() -> None:
    """Else an alias that was set by hand would stay for ever."""
    assert passes(COMPLETE, replace(OTHER, measured=0.8, commit=None, status="KILLED"))


def test_the_words_name_what_was_compared() -> None:
    """A refusal must say the numbers, and what could be done."""
    refused = judge(replace(COMPLETE, measured=0.8813), OTHER, Terms())
    assert refused.words == (
        "run 01234567 (cnn) does not become champion: test/accuracy 0.8813, and 0.9000 for run fedcba98 (mlp), on the "
        "same test part: worse by 0.0187. Promote a better run: `pixelproof runs` lists them. Nothing was changed."
    )
    narrow = judge(replace(COMPLETE, measured=0.91), OTHER, Terms(margin=0.02))
    assert "better by 0.0100, and --margin asks for 0.02" in narrow.words
    smaller = judge(COMPLETE, OTHER, Terms(margin=0.02))
    assert smaller.words.endswith("on the same test part: equal, with 1,000 parameters against 2,000.")
    assert smaller.passes
    assert not judge(OTHER, COMPLETE, Terms()).passes


CHAMPION = replace(COMPLETE, run_id="81f3d2c7", measured=736 / 750, data={**DATA, "data/splits.csv": "7c0d"})
MLP = replace(CHAMPION, run_id="5b0c9a1e", model="mlp")


@pytest.mark.parametrize(
    "run",
    [
        replace(MLP, measured=719 / 750),
        replace(MLP, measured=740 / 750),
        replace(MLP, measured=None),
        replace(MLP, data={**DATA, "data/splits.csv": "41aa"}),
    ],
)
def test_the_messages_of_the_docs_are_real(run: Contender) -> None:
    """A reader looks for the words that the program has shown."""
    shown = (ROOT / "docs/registry.md").read_text("utf-8")
    assert f"error: {judge(run, CHAMPION, Terms(margin=0.01)).words}\n" in shown


def test_what_differed_from_the_commit_is_told() -> None:
    """A run keeps its uncommitted edits, but not files that Git does not know."""
    run = replace(COMPLETE, changed="params.yaml", untracked="notes.txt")
    assert judge(run, None, Terms()).words.endswith(
        "It differs from commit c0ffee12 in params.yaml; changes.diff of the run keeps how. "
        "Not in Git, and not kept: notes.txt."
    )


@pytest.mark.parametrize("alias", ["", "latest", "v1", "a b", "a/b", "-a", "champion\n"])
def test_an_alias_that_mlflow_or_git_would_not_take_is_refused(alias: str) -> None:
    """Else one of the two registries would have it, and the other not."""
    with pytest.raises(UserError, match="--alias"):
        Terms(alias=alias)


@pytest.mark.parametrize("margin", [-0.1, nan, inf])
def test_a_margin_that_is_none_is_refused(margin: float) -> None:
    """A negative one would let worse runs pass."""
    with pytest.raises(UserError, match="0 or more"):
        Terms(margin=margin)
