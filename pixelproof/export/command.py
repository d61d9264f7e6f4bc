"""`pixelproof export`: folders that other programs can use, each with its proof.

<out>/<target>/<file>        the model: raw pixels 0-255 in, uint8 (n, height, width, channels); probabilities out
<out>/<target>/export.json   classes, preprocessing, input and output
<out>/<target>/use.py        one photo answered by the library of that format alone
<out>/<target>/proof.json    how the export's answers differ from the model's
<out>/page.html              the target page: the classifier alone, in a browser
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from rich.console import Console

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.export import report
from pixelproof.export.images import ProofImages, proof_images, representative_photos
from pixelproof.export.origin import add_to_run, run_of
from pixelproof.export.proof import ALLOWED, Measured, Proof, answers, compare, measure
from pixelproof.export.scripts import use_script
from pixelproof.export.targets import INT8, PAGE, TARGETS, check_model, chosen
from pixelproof.files import replacing, write_json, write_text
from pixelproof.inference.classifier import KERAS, SKOPS, Classifier, is_keras
from pixelproof.inference.exported import EXPORT, IMAGES, PROBABILITIES, open_export
from pixelproof.inference.models import find_model, open_model

EXPORTS = Path("exports")
REPORTS = Path("reports/exports")


@dataclass(frozen=True)
class Reference:
    """The model that exports are compared with: its answers to the tested images, and what they cost."""

    classifier: Classifier
    tested: ProofImages
    answers: np.ndarray  # (n, classes) float32
    measured: Measured


def export(name: str, to: str, *, int8: bool, out: Path | None, terminal: Console) -> None:
    """Export the model that a person names; print what was proved.

    Raises UserError for a target or a model that there is not, what a target cannot express, and for an exact export
    that answers differently, of which nothing is kept.
    """
    targets = chosen(to, int8=int8)
    folder = find_model(name)
    classifier = open_model(name, "export")
    check_model(classifier, targets)
    short = short_name(name)
    place = out or EXPORTS / short
    if PAGE in targets:
        targets.remove(PAGE)
        terminal.print(_write_page(classifier, place / "page.html"))
    if not targets:
        return
    exact, note = _in_float32(classifier)
    photos = representative_photos(exact.preprocessing) if int8 else np.empty((0, *exact.preprocessing.shape), np.uint8)
    reference = _reference(exact, folder)
    proofs = {
        target: write_target(target, reference, place / target, photos)
        for target in console.progress(targets, "export", len(targets))
    }
    _write_report(short, proofs, note)
    add_to_run(run_of(name, folder), short, proofs)
    terminal.print(report.as_rich(short, proofs))
    for sentence in (*report.sentences(proofs), *note):
        terminal.print(sentence)
    terminal.print(f"{place}: {', '.join(targets)}; each folder has use.py, which answers a photo.")


def _write_page(classifier: Classifier, path: Path) -> str:
    """Write the classifier as a page for a browser; return what a person should know of it. Raises UserError."""
    from pixelproof.explain.page.alone import write_page

    path.parent.mkdir(parents=True, exist_ok=True)
    write_page(classifier, path)
    return (
        f"{path}: {path.stat().st_size / 1e6:.1f} MB; open it in a browser, which needs no network to answer a photo."
    )


def short_name(name: str) -> str:
    """Return what a model's exports are called: its name, as a folder may be."""
    return re.sub(r"\W+", "-", name.removeprefix("models:/")).strip("-") or "model"


def _in_float32(classifier: Classifier) -> tuple[Classifier, list[str]]:
    """Return the model as it is exported, and what a person should know of that."""
    if hasattr(classifier.model, "predict_proba"):
        return classifier, []
    from pixelproof.export.graph import in_float32, precision, refuse_other_backends
    from pixelproof.network.cnn.saved import saved

    refuse_other_backends()
    model = in_float32(classifier.model)
    if model is classifier.model:
        return classifier, []
    words = f"The model computes in {precision(classifier.model)}; it is exported, and compared, computing in float32."
    return replace(classifier, model=model, network=lambda images: saved.predict(model, [(images, None)])), [words]


def _reference(classifier: Classifier, folder: Path) -> Reference:
    tested = proof_images(classifier.preprocessing)
    path = folder / (KERAS if is_keras(folder) else SKOPS)
    own = answers(classifier.network, tested.images)
    return Reference(classifier, tested, own, measure(classifier.network, own, tested, path))


def write_target(target: str, reference: Reference, folder: Path, photos: np.ndarray) -> Proof:
    """Write the folder of a target, with its proof. Raises UserError as `export`."""
    classifier = reference.classifier
    with replacing(folder) as beside:
        beside.mkdir()
        file = TARGETS[target].write(classifier, beside, photos)
        write_json(beside / EXPORT, describe(classifier, target, file))
        write_text(beside / "use.py", use_script(TARGETS[target].format, classifier.preprocessing))
        proof = prove(reference, beside, beside / file)
        if not target.endswith(INT8) and proof.largest_difference > ALLOWED:
            raise UserError(
                f"{target}: on {proof.tested_on} its probabilities differ from the model's by up to "
                f"{proof.largest_difference:.2g}, more than {ALLOWED:g}. Nothing was kept; export to another target."
            )
        write_json(beside / "proof.json", asdict(proof))
    return proof


def describe(classifier: Classifier, target: str, file: str) -> dict[str, object]:
    """Return the content of export.json."""
    preprocessing = classifier.preprocessing
    return {
        "target": target,
        "format": TARGETS[target].format,
        "file": file,
        "input": {"name": IMAGES, "shape": ["n", *preprocessing.shape], "dtype": "uint8", "range": [0, 255]},
        "output": {"name": PROBABILITIES, "shape": ["n", len(preprocessing.classes)], "dtype": "float32"},
        "preprocessing": asdict(preprocessing),
    }


def prove(reference: Reference, folder: Path, file: Path) -> Proof:
    """Compare an export, as `predict` opens it, with its model."""
    network, tested = open_export(folder).network, reference.tested
    own = answers(network, tested.images)
    difference, same = compare(own, reference.answers)
    return Proof(
        tested.words,
        len(tested.images),
        difference,
        same,
        export=measure(network, own, tested, file),
        model=reference.measured,
    )


def _write_report(model: str, proofs: report.Proofs, note: Sequence[str]) -> None:
    write_json(REPORTS / f"{model}.json", {**report.as_json(model, proofs), "notes": list(note)})
    words = "".join(f"- {sentence}\n" for sentence in note)
    write_text(REPORTS / f"{model}.md", f"# Exports of {model}\n\n{report.as_markdown(model, proofs)}{words}")
