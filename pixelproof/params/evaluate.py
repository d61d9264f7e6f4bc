"""The section `evaluate`: how the test results are reported."""

from typing import Annotated

from pydantic import Field

from pixelproof.params.section import Section

Probability = Annotated[float, Field(gt=0, lt=1)]


class Evaluate(Section):
    confidence: Probability
    coverage: Probability
    calibrate: bool
