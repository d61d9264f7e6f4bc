"""Whatever the plan accepts, Keras builds, exactly so; the plan refuses the rest itself."""

import json
import re
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.layers import Shape
from pixelproof.network.plan.plan import Plan, plan_cnn
from pixelproof.params.cnn import Cnn
from tests.support.networks import muddles, networks

EXAMPLES = 300
Drawn = tuple[Cnn, Shape, int]


def planned(drawn: Drawn) -> Plan | None:
    """Return the plan, or None where it refuses the network, which it must do by the name of a layer."""
    try:
        return plan_cnn(*drawn)
    except UserError as error:
        refusal = str(error)
    named = re.match(r"cnn\.layers\.(\w+)[.: ]", refusal)
    whole_network = refusal.startswith(("cnn.layers: the last layer gives an image", "cnn.head: sigmoid"))
    assert whole_network or (named is not None and named[1] in drawn[0].layers), refusal
    return None


@settings(max_examples=100)
@given(muddles() | networks())
def test_any_network_is_planned_or_refused_by_its_key(drawn: Drawn) -> None:
    """Else a slip in params.yaml would end in a traceback."""
    plan = planned(drawn)
    if plan is not None:
        assert plan.parameters == sum(layer.parameters for layer in plan.layers)
        assert min(min(layer.output_shape) for layer in plan.layers) > 0


@pytest.mark.slow
def test_keras_builds_whatever_is_planned_with_the_very_same_numbers() -> None:
    """Else some network would fail in Keras, after the data were made, or have other shapes or counts than planned."""
    from pixelproof.network.cnn.cnn import build
    from pixelproof.network.cnn.saved.saved import check_against_plan

    kinds: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(networks() | muddles())
    def build_it(drawn: Drawn) -> None:
        plan = planned(drawn)
        assume(plan is not None)
        assert plan is not None
        model = build(*drawn)
        check_against_plan(model, json.loads(json.dumps(plan.as_json())))
        output: Any = model(np.zeros((1, *drawn[1]), np.uint8))
        assert tuple(output.shape) == (1, *plan.layers[-1].output_shape)
        kinds.update({layer.kind for layer in plan.layers})

    build_it()
    assert kinds["dense"] >= EXAMPLES  # every network has an output layer
    assert len(kinds) == 14, kinds  # every kind, the sum of residual blocks among them; blocks leave no trace
