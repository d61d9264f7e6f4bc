"""What stands on a run's page, as Markdown."""

from pixelproof.tracking.run.description import comparison, opening, with_comparison
from pixelproof.tracking.run.naming import Change

TABLE = "|  | CNN | MLP |\n| --- | ---: | ---: |\n| test accuracy | 0.98 | 0.96 |\n\nThe CNN is ahead."


def test_it_says_what_the_run_is_and_what_it_changes() -> None:
    """A run's page alone must tell why the run was made."""
    changed = [Change("cnn.layers.conv1.filters", 16, 32), Change("cnn.schedule", {"kind": "cosine"}, None)]
    assert opening("cnn", changed, "3f2a1b9", "wide") == (
        "The CNN (Keras), DVC experiment `wide`. What is changed:\n\n"
        "| parameter | commit `3f2a1b9` | this run |\n"
        "| --- | --- | --- |\n"
        "| `cnn.layers.conv1.filters` | 16 | 32 |\n"
        "| `cnn.schedule` | {kind: cosine} |  |\n"
    )


def test_it_says_so_where_nothing_is_changed_or_known() -> None:
    """An empty table would look like a defect."""
    assert opening("mlp", [], "3f2a1b9") == "The MLP (scikit-learn), with the params of commit `3f2a1b9`.\n"
    assert opening("mlp", [], "") == "The MLP (scikit-learn).\n"


def test_a_value_does_not_break_its_table() -> None:
    """A regular expression may hold the sign that parts cells, and be long."""
    text = opening("cnn", [Change("ingest.pattern", None, "(?P<label>cat|dog)" + "x" * 100)], "3f2a1b9")
    row = text.splitlines()[-1]
    assert row.startswith("| `ingest.pattern` |  | (?P<label>cat\\|dog)xxx")
    assert row.endswith("… |")


def test_the_comparison_follows_and_a_new_one_takes_its_place() -> None:
    """Else each evaluation would add another table, and nobody knew which one holds."""
    once = with_comparison(opening("cnn", [], "3f2a1b9"), comparison(TABLE, "mlp · wide", "0a0a"))
    assert once.startswith("The CNN (Keras), with the params of commit")
    assert once.endswith(f"### On the test part\n\n{TABLE}\n\nCompared with the run `mlp · wide`, 0a0a.\n")
    twice = with_comparison(once, comparison(TABLE.replace("0.98", "0.99"), "mlp · deep", "0b0b"))
    assert twice == once.replace("0.98", "0.99").replace("mlp · wide", "mlp · deep").replace("0a0a", "0b0b")


def test_what_a_person_has_written_stays() -> None:
    """MLflow's page lets people edit the description."""
    before = with_comparison("My first run.\n", comparison(TABLE, "mlp", "0a")) + "\nI like it: \\1.\n"
    after = with_comparison(before, comparison("| new |", "mlp \\2", "0b"))
    assert after.startswith("My first run.\n\n### On the test part\n\n| new |\n")
    assert after.endswith("Compared with the run `mlp \\2`, 0b.\n\nI like it: \\1.\n")
