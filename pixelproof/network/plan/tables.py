"""Plans as tables for a terminal."""

from collections.abc import Sequence

from rich.table import Table

from pixelproof.network.plan.advice import Budget
from pixelproof.network.plan.plan import Plan, PlannedLayer

MIB = 2**20


def plan_table(model: str, plan: Plan, batch_size: int) -> Table:
    """Return a row per layer: output shape with its formula, parameters, costs, receptive field."""
    title = f"{model}: {plan.parameters:,} parameters, {plan.multiply_adds:,} multiply-adds per image"
    view = Table("layer", "kind", "output", "its size", "parameters", title=title)
    view.add_column("multiply-adds", justify="right")
    view.add_column(f"MiB at {batch_size}", justify="right")
    view.add_column("sees", justify="right")
    view.add_row("input", "", _times(plan.input_shape), "", "", "", "", "")
    for layer in plan.layers:
        view.add_row(*_row(layer, batch_size))
    view.add_section()
    trainable = f"{plan.parameters:,}, {plan.trainable:,} trainable"
    memory = _mib(plan.activation_bytes, batch_size)
    view.add_row("total", "", "", "", trainable, f"{plan.multiply_adds:,}", memory, "")
    return view


def _row(layer: PlannedLayer, batch_size: int) -> tuple[str, ...]:
    return (
        layer.name,
        layer.kind,
        _times(layer.output_shape),
        layer.shape_formula,
        layer.parameters_formula,
        f"{layer.multiply_adds:,}" if layer.multiply_adds else "",
        _mib(layer.activation_bytes, batch_size),
        _times(layer.receptive_field) if layer.receptive_field else "all",
    )


def _mib(activation_bytes: int, batch_size: int) -> str:
    return f"{activation_bytes * batch_size / MIB:,.1f}"


def _times(shape: Sequence[int]) -> str:
    return " x ".join(map(str, shape))


def budget_table(budgets: Sequence[Budget]) -> Table:
    """Return the sizes of MLPs on the same pixels."""
    view = Table("an MLP on the same pixels", "hidden", title="How many parameters would an MLP have?")
    view.add_column("parameters", justify="right")
    for budget in budgets:
        hidden = "none fits" if budget.hidden is None else ", ".join(map(str, budget.hidden)) or "none"
        view.add_row(budget.what, hidden, "" if budget.parameters is None else f"{budget.parameters:,}")
    return view
