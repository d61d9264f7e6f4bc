"""What the terminal of the project's programs shows, and what of it is neither ours nor DVC's."""

import re

FROM_DVC = (
    r"Running stage '.+':",
    r"> PATH=.+ python -m stages\.\w+",
    r"Stage '.+' didn't change, skipping",
    r"(Generating|Updating) lock file 'dvc.lock'",
    r"To (track the changes with git|enable auto staging), run:",
    r"\t(git add|dvc config) .+",
    r"Use `dvc push` to send your updates to remote storage\.",
)
OURS = (
    r"(ingest|contact sheets|resize|augment|shuffle test|depth test|baselines|find-lr (cnn|mlp)|predict) ━.+",  # bars
    r"\d+ photos in \d+ classes; .+",
    r"photos: train \d+, valid \d+, test \d+ .+",
    r"train (cnn|mlp)(:|  epoch) .+",
    r"seed \d+, pixels (in place|shuffled): [\w. ]+ [\d.]+",
    r" +(On the test part|With [\d.]+% intervals) +",
    r"[┏┃┡│└].+[┓┃┩│┘]",
    r"On the same \d+ test images .+",
    r"reports/[\w./-]+: .+",
    r"(cnn|mlp)\.learning_rate: .+",
)
KNOWN = re.compile("|".join(f"(?:{form})" for form in ("", *FROM_DVC, *OURS)))


def foreign_lines(shown: str) -> list[str]:
    """Return the lines of other programs and libraries."""
    return [line for line in shown.splitlines() if not KNOWN.fullmatch(line)]
