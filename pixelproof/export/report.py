"""What exports proved, as tables: on the terminal, in Markdown, in CSV, and in sentences."""

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich.table import Table

from pixelproof.export.proof import Measured, Proof
from pixelproof.export.targets import INT8

Proofs = Mapping[str, Proof]  # by target
COLUMNS = ("", "largest difference", "same class", "accuracy", "size", "ms for 1 photo", "ms for 32")


def rows(model: str, proofs: Proofs) -> list[tuple[str, ...]]:
    """Return a row for the model, and one for each export."""
    first = next(iter(proofs.values()))
    exports = [
        (
            target,
            f"{proof.largest_difference:.1e}",
            f"{proof.same_class:,} of {proof.images:,}",
            *_measured(proof.export),
        )
        for target, proof in proofs.items()
    ]
    return [(f"the model ({model})", "", "", *_measured(first.model)), *exports]


def _measured(measured: Measured) -> tuple[str, ...]:
    accuracy = "" if measured.accuracy is None else f"{measured.accuracy:.4f}"
    return accuracy, f"{measured.bytes / 1000:,.1f} kB", *(f"{ms:.2f}" for ms in measured.latency_ms.values())


def as_rich(model: str, proofs: Proofs) -> Table:
    table = Table(*COLUMNS, title=f"On {next(iter(proofs.values())).tested_on}")
    for row in rows(model, proofs):
        table.add_row(*row)
    return table


def as_markdown(model: str, proofs: Proofs) -> str:
    lines = [COLUMNS, ("---", *("---:" for _ in COLUMNS[1:])), *rows(model, proofs)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    words = "\n".join(f"- {sentence}" for sentence in sentences(proofs))
    return f"On {next(iter(proofs.values())).tested_on}:\n\n{table}\n" + (f"\n{words}\n" if words else "")


def as_csv(model: str, proofs: Proofs) -> str:
    """Return the table as MLflow shows it among a run's artifacts."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("export", *COLUMNS[1:]), *rows(model, proofs)])
    return text.getvalue()


def sentences(proofs: Proofs) -> Iterator[str]:
    """Yield what 8-bit integers change."""
    for target, proof in proofs.items():
        if not target.endswith(INT8):
            continue
        changed = f"{target}: {proof.images - proof.same_class:,} of {proof.images:,} images get another class"
        lost = proof.points_lost
        if lost is None:
            yield f"{changed}; nobody knows what that costs in accuracy."
        else:
            yield f"{changed}; it {'loses' if lost >= 0 else 'gains'} {abs(lost):.2f} points of accuracy."


def metrics(proofs: Proofs) -> dict[str, float]:
    """Return the metrics of a run: export/<target>/<what>."""
    return {f"export/{target}/{key}": value for target, proof in proofs.items() for key, value in _metrics(proof)}


def _metrics(proof: Proof) -> Iterator[tuple[str, float]]:
    yield "largest_difference", proof.largest_difference
    yield "same_class", proof.same_class / proof.images
    yield "bytes", float(proof.export.bytes)
    if proof.export.accuracy is not None:
        yield "accuracy", proof.export.accuracy
    for size, ms in proof.export.latency_ms.items():
        yield f"ms_for_{size}", ms


def as_json(model: str, proofs: Proofs) -> dict[str, Any]:
    return {"model": model, "exports": {target: asdict(proof) for target, proof in proofs.items()}}
