from collections.abc import Iterator
from typing import Any

import pytest

from pixelproof.network.plan.plan import plan_cnn
from pixelproof.params.cnn import Cnn
from tests.support.browser import chromium
from tests.support.explained import Built, build_page, every_kind
from tests.support.opened_pages import WIDTHS, open_page

SIGMOID = {
    "layers": {
        "conv": {"kind": "conv", "filters": 4, "kernel": 3, "padding": 1, "activation": "relu"},
        "norm": {"kind": "batch_norm"},
        "pool": {"kind": "max_pool", "size": 2},
        "flatten": {"kind": "flatten"},
    },
    "head": "sigmoid",
    "learning_rate": 0.01,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Built]:
    """The page of a network with every kind of layer, and that of a plain one of params.yaml with one output."""
    import keras

    from pixelproof.network.cnn.cnn import build

    keras.utils.set_random_seed(1)
    folder = tmp_path_factory.mktemp("pages")
    cnn = Cnn.model_validate(SIGMOID)
    shape = (16, 16, 1)
    return {
        "every kind": build_page(every_kind(), {"layers": []}, folder / "every.html"),
        "sigmoid": build_page(build(cnn, shape, 2), plan_cnn(cnn, shape, 2).as_json(), folder / "sigmoid.html", shape),
    }


@pytest.fixture(params=["every kind", "sigmoid"])
def which(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def page(browser: Any, built: dict[str, Built], which: str) -> Iterator[Any]:
    """The page, opened from its file; at the end nothing may have gone wrong behind the reader's back."""
    opened, troubles = open_page(browser, built[which].path, WIDTHS["desktop"])
    yield opened
    opened.close()
    assert troubles == []
