"""Any content at all is loaded or explained."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from pixelproof.mistakes import explain
from pixelproof.params.whole import Params
from tests.support.params import changed


def mistakes(content: object) -> str:
    """Return what is said of content that is no good, and nothing of content that is."""
    try:
        Params.model_validate(content)
    except ValidationError as error:
        return explain(error, Params, content, Path("p.yaml"))
    return ""


SECTIONS = st.sampled_from(["", "ingest.", "split.", "cnn.", "mlp.", "train.early_stopping.", "cnn.layers.conv1."])


@settings(max_examples=25, deadline=None)
@given(section=SECTIONS, key=st.from_regex(r"x[a-z_]{1,12}", fullmatch=True))
def test_any_unknown_key_is_named_by_its_path(section: str, key: str) -> None:
    """Else some section would take a key that it ignores."""
    message = mistakes(changed((section + key, 1)))
    assert message.startswith(f"p.yaml: {section}{key}: unknown key")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(
    key=st.sampled_from(["seed", "cnn", "cnn.layers", "cnn.layers.conv1", "cnn.layers.conv1.kernel", "augment"]),
    value=JSON,
)
def test_any_content_loads_or_is_explained(key: str, value: object) -> None:
    """Else the explanation itself would fail on some mistake, and show a traceback instead."""
    message = mistakes(changed((key, value)))
    assert message == "" or message.startswith(f"p.yaml: {key.split('.')[0]}")
