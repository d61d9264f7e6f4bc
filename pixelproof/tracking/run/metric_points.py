"""The points of a run's metrics, and how they stand in a file: a line for each curve."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

AS = "as"  # in a file: the curve whose steps and timestamps this one has


class MetricPoint(BaseModel):
    """A value of a metric; `timestamp` in milliseconds since 1970."""

    key: str
    step: int
    value: float
    timestamp: int

    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")


def _by_key(metrics: list[MetricPoint]) -> dict[str, Any]:
    """Return a list of [step, value, timestamp] for each key; of a curve with the moments of one before, the values."""
    curves: dict[str, list[tuple[int, float, int]]] = {}
    for point in metrics:
        curves.setdefault(point.key, []).append((point.step, point.value, point.timestamp))
    first: dict[tuple[tuple[int, int], ...], str] = {}
    return {key: _short(key, curve, first) for key, curve in curves.items()}


def _short(key: str, curve: list[tuple[int, float, int]], first: dict[tuple[tuple[int, int], ...], str]) -> Any:
    like = first.setdefault(tuple((step, timestamp) for step, _, timestamp in curve), key)
    return curve if like == key or len(curve) == 1 else {AS: like, "values": [value for _, value, _ in curve]}


def _as_points(content: Any) -> Any:
    """Take the curves of a file apart; earlier versions wrote a list of points, or all moments of every curve."""
    if not isinstance(content, Mapping):
        return content
    names = ("key", "step", "value", "timestamp")
    return [
        dict(zip(names, (key, *point), strict=True))
        for key, curve in content.items()
        for point in (_with_moments(curve, content) if isinstance(curve, Mapping) else curve)
    ]


def _with_moments(curve: Mapping[str, Any], curves: Mapping[str, Any]) -> Iterator[tuple[int, float, int]]:
    moments, values = curves.get(curve.get(AS, "")), curve.get("values")
    if not isinstance(moments, list) or not isinstance(values, list) or len(moments) != len(values):
        raise ValueError(f"a curve with {AS} {curve.get(AS)!r} has not that curve's number of values")
    for (step, _, timestamp), value in zip(moments, values, strict=True):
        yield step, value, timestamp


# In a file each curve is one line; moments stand there once. Both together make it a quarter as long as plain points.
Metrics = Annotated[list[MetricPoint], BeforeValidator(_as_points), PlainSerializer(_by_key)]
