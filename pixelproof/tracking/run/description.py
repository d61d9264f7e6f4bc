"""What a run's page says about it in Markdown: what it is, and after the evaluation how it compares. Pure."""

import re
from collections.abc import Sequence

from pixelproof.tracking.run.naming import Change, shortened, written

NOTE = "mlflow.note.content"  # the tag that MLflow shows as a run's description
MODELS = {"cnn": "The CNN (Keras)", "mlp": "The MLP (scikit-learn)"}
LONGEST_VALUE = 60  # characters
HEADING = "### On the test part"
END = "Compared with the run"  # begins the last line of the comparison
ALSO = "Also compared with the run"  # begins the line on another partner
COMPARISON = re.compile(rf"{HEADING}\n.*?\n{END} [^\n]*\n?", re.DOTALL)


def opening(model: str, changed: Sequence[Change], commit: str, experiment: str = "") -> str:
    """Say which model it is, of which DVC experiment, and what its params change against the commit."""
    what = MODELS[model] + (f", DVC experiment `{experiment}`" if experiment else "")
    if not commit:
        return f"{what}.\n"
    if not changed:
        return f"{what}, with the params of commit `{commit}`.\n"
    rows = [
        ("parameter", f"commit `{commit}`", "this run"),
        ("---", "---", "---"),
        *((f"`{change.key}`", _cell(change.before), _cell(change.now)) for change in changed),
    ]
    return f"{what}. What is changed:\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _cell(value: object) -> str:
    return "" if value is None else shortened(written(value), LONGEST_VALUE).replace("|", "\\|")


def comparison(table: str, partner: str, run_id: str) -> str:
    """Return the part of a description that compares the run with its partner's; `table` is Markdown."""
    return f"{HEADING}\n\n{table}\n\n{END} `{partner}`, {run_id}.\n"


def also_compared(comparison: str, difference: float, p_value: float) -> str:
    """Say a comparison (CNN minus MLP) in a line; `comparison` is the whole of it."""
    named = comparison.rstrip().rpartition(f"{END} ")[2].rstrip(".")
    return (
        f"{ALSO} {named}: accuracy of the CNN minus that of the MLP {difference:+.4f}, McNemar's p = {p_value:.4f}.\n"
    )


def with_other_comparison(text: str, line: str, run_id: str) -> str:
    """Put the line on another partner at the end of a description, or replace the last one on that partner."""
    before = re.compile(rf"{ALSO} [^\n]*{re.escape(run_id)}: [^\n]*\n?")
    if before.search(text):
        return before.sub(lambda _: line, text, count=1)
    return f"{text.rstrip()}\n\n{line}".lstrip()


def with_comparison(text: str, part: str) -> str:
    """Put a comparison at the end of a description, or replace the last one.

    Whatever else a person has written into the description stays.
    """
    if COMPARISON.search(text):
        return COMPARISON.sub(lambda _: part, text, count=1)
    return f"{text.rstrip()}\n\n{part}".lstrip()
