"""Everything on the page, put together for its template."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from pixelproof.explain.page.article import Design
from pixelproof.explain.page.diagrams import curves, diagram
from pixelproof.explain.page.experiments import by_depth, shuffled
from pixelproof.explain.page.glossary import WORDS
from pixelproof.explain.page.keras_code import keras_code
from pixelproof.explain.page.learning import computed, learning
from pixelproof.explain.page.payload import own_photos, payload
from pixelproof.explain.page.reports import Reports
from pixelproof.explain.page.summary import summary
from pixelproof.explain.page.walk import planned_layers, walk
from pixelproof.explain.tracing.learned import LearnedEpoch
from pixelproof.explain.tracing.photos import Shown
from pixelproof.explain.tracing.traced import Trace

PARTS = {
    "summary": "summary",
    "own": "your own photo",
    "classes": "classes",
    "confusions": "mix-ups",
    "mistakes": "mistakes",
    "suspects": "photos to look at",
    "robustness": "worse photos",
    "reliability": "trust",
    "teaching": "how it sees",
}


def contents(
    shown: Shown,
    traced: Trace,
    classes: Sequence[str],
    plans: Mapping[str, Any],
    reports: Reports,
    evidence: Mapping[str, Any],
    *,
    preprocessing: Mapping[str, Any],
    seeking: Mapping[str, Any],
    learned: Sequence[LearnedEpoch],
    seed: int,
) -> dict[str, Any]:
    """Return the names that templates/index.html uses.

    shown    the test photos; traced: the CNN, traced on them
    plans    the content of reports/plan/<model>.json by model
    reports  from pixelproof.explain.page.reports; evidence: from pixelproof.explain.page.evidence
    seeking  from pixelproof.explain.page.seeking
    learned  the snapshots of the training, of the layers of `traced`
    preprocessing  of a photo that a reader brings: what `Preprocessing` holds, without the classes
    """
    layers = traced.layers
    own = [_own(model, reports.metrics[model], plans[model]) for model in ("cnn", "mlp")]
    network = payload(layers, shown, classes) | own_photos(preprocessing, mirrored=traced.mirrored)
    learns = learning(computed(learned, network["layers"]), reports.history, reports.metrics["cnn"]["best_epoch"])
    steps = walk(shown, layers, plans, classes, seed=seed)
    return {
        **steps,
        "parts": list(PARTS.items()),
        "summary": summary(reports),
        "evidence": evidence,
        "seeking": seeking,
        "classes": list(classes),
        "shown": shown,
        "metrics": reports.metrics,
        "network": network | {"learning": learns["script"]},
        "learning": learns,
        "diagram": diagram(layers),
        "curves": curves(reports.history),
        "own_designs": [*own, *steps["own_mlps"]],
        "glossary": WORDS,
        "keras_code": keras_code(layers),
        "shuffle": shuffled(reports.shuffle),
        "depths": by_depth(reports.depth),
        "turning": turning_point(steps["deeper"]),
    }


def _own(model: str, metrics: Mapping[str, Any], plan: Mapping[str, Any]) -> Design:
    accuracy = f"accuracy {metrics['accuracy']:.4f} ({metrics['accuracy_low']:.4f} to {metrics['accuracy_high']:.4f})"
    formulas = [entry.get("parameters_formula", "").split(" = ")[0] for entry in planned_layers(plan)]
    return Design(f"your {model.upper()}", accuracy, metrics["parameters"], " + ".join(filter(None, formulas)))


def turning_point(designs: Sequence[Design]) -> dict[str, int] | None:
    """Return which block first makes the count rise again, and by how much; None where none does."""
    for number, (before, after) in enumerate(pairwise(designs), 2):
        if after.parameters > before.parameters:
            return {"block": number, "more": after.parameters - before.parameters}
    return None
