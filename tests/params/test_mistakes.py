"""What a person reads who mistyped a key or a value."""

from pathlib import Path

import pytest

from pixelproof.mistakes import SHOWN
from pixelproof.params.whole import Params
from tests.support.params import GONE, changed, complaint, good


def test_an_unknown_key_is_named_with_its_path_and_the_nearest_known_one(tmp_path: Path) -> None:
    """Else a misspelt key would cost its reader a search."""
    message = complaint(changed(("cnn.lerning_rate", 0.1)), tmp_path)
    assert message.startswith("cnn.lerning_rate: unknown key (did you mean 'learning_rate'?)")
    assert "Known keys here: layers, head, learning_rate" in message


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("sead", "seed"),
        ("ingest.min_side", "min_side_px"),
        ("train.early_stopping.patience", "patience_epochs"),
        ("cnn.layers.conv1.filter", "filters"),
        ("cnn.layers.pool1.strides", "stride"),
        ("cnn.layers.relu1.activatoin", "activation"),
    ],
)
def test_unknown_keys_at_every_depth_are_named(key: str, nearest: str, tmp_path: Path) -> None:
    """Else the hint would be wrong within optional sections, layers, or at the top."""
    assert f"{key}: unknown key (did you mean {nearest!r}?)" in complaint(changed((key, 1)), tmp_path)


@pytest.mark.parametrize(
    "key",
    [
        "seed",
        "mlp",
        "split.method",
        "train.early_stopping.monitor",
        "cnn.layers.conv1.kernel",
        "cnn.layers.relu1.activation",
        "augment.transforms.move.kind",
    ],
)
def test_a_missing_key_is_named_with_its_path(key: str, tmp_path: Path) -> None:
    """Else the reader would know that something is missing, not what."""
    assert complaint(changed((key, GONE)), tmp_path).startswith(f"{key}: this key is missing")


@pytest.mark.parametrize(
    "key", ["train.early_stopping", "ingest.classes", "ingest.pattern", "split.folds", "cnn.layers.pool1.stride"]
)
def test_a_key_that_switches_a_feature_on_may_be_left_out(key: str) -> None:
    """Else every feature would have to stand in every file."""
    content = changed((key, None))
    *sections, last = key.split(".")
    at = content
    for section in sections:
        at = at[section]
    del at[last]
    assert Params.model_validate(content) == Params.model_validate(changed((key, None)))


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("seed", "7", "valid integer, got '7'"),
        ("seed", True, "valid integer, got True"),
        ("seed", -1, "greater than or equal to 0, got -1"),
        ("seed", 2**32, "less than 4294967296"),
        ("train.epochs", 1.5, "valid integer, got 1.5"),
        ("train.epochs", 0, "greater than or equal to 1, got 0"),
        ("cnn.learning_rate", "fast", "valid number, got 'fast'"),
        ("cnn.learning_rate", 0, "greater than 0, got 0"),
        ("cnn.head", "sotfmax", "'sigmoid' or 'softmax', got 'sotfmax'"),
        ("cnn.layers", {}, "at least 1 item"),
        ("cnn.layers.conv1.padding", -1, "greater than or equal to 0, got -1"),
        ("cnn.layers.conv1.kernel", "three", "got 'three'"),
        ("cnn.layers.conv1.kernel", [3, 3, 3], "at most 2 items"),
        ("cnn.layers.relu1.activation", "rulu", "'relu'"),
        ("cnn.layers.flatten", 5, "got 5"),
        ("mlp.hidden", 100, "valid list, got 100"),
        ("mlp", None, "got None"),
        ("ingest.classes", ["cat"], "at least 2 items"),
        ("ingest.source", "", "at least 1 character"),
        ("resize.fit", "squeeze", "'stretch', 'pad' or 'crop', got 'squeeze'"),
        ("split.valid_share", 0, "greater than 0, got 0"),
        ("split.test_share", 1, "less than 1, got 1"),
        ("evaluate.confidence", 1, "less than 1, got 1"),
        ("augment.transforms.move.kind", 5, "valid string, got 5"),
    ],
)
def test_a_value_of_the_wrong_type_or_out_of_range_is_shown_with_what_is_allowed(
    key: str, value: object, words: str, tmp_path: Path
) -> None:
    """Else the reader would have to look the rule up."""
    message = complaint(changed((key, value)), tmp_path)
    assert message.startswith(f"{key}: ")
    assert words in message


def test_a_mapping_where_a_number_belongs_is_named_by_the_users_key(tmp_path: Path) -> None:
    """Else the message would name pydantic's own words for a branch, which are no keys of the file."""
    message = complaint(changed(("cnn.layers.conv1.kernel", {"height": 3})), tmp_path)
    assert message.startswith("cnn.layers.conv1.kernel: ")


def test_an_item_of_a_list_is_named_by_its_place(tmp_path: Path) -> None:
    """Else one would have to guess which of the hidden layers is wrong."""
    assert complaint(changed(("mlp.hidden", [100, 0])), tmp_path).startswith("mlp.hidden.1: ")


def test_an_unknown_layer_kind_is_refused_with_the_nearest(tmp_path: Path) -> None:
    """Else a misspelt kind would be a riddle."""
    message = complaint(changed(("cnn.layers.flatten.kind", "flaten")), tmp_path)
    assert message.startswith("cnn.layers.flatten.kind: 'flaten' is not a kind of layer (did you mean 'flatten'?)")
    assert "max_pool" in message


def test_a_layer_without_a_kind_is_refused(tmp_path: Path) -> None:
    """Else nobody could know which layer is meant."""
    assert "cnn.layers.pool1: a layer needs a `kind`" in complaint(changed(("cnn.layers.pool1.kind", GONE)), tmp_path)


@pytest.mark.parametrize("name", ["Conv", "2nd", "a-b", "", "mit leer", "é"])
def test_a_layer_name_that_dvc_cannot_reach_is_refused(name: str, tmp_path: Path) -> None:
    """Else `dvc exp run -S cnn.layers.<name>` would fail, or Keras would refuse the layer."""
    content = good()
    content["cnn"]["layers"][name] = {"kind": "flatten"}
    message = complaint(content, tmp_path)
    assert "cnn.layers" in message
    assert "lower-case letters, digits and underscores" in message


@pytest.mark.parametrize("name", ["output", "input", "scale"])
def test_the_names_of_the_networks_own_layers_are_reserved(name: str, tmp_path: Path) -> None:
    """Else two layers would have one name, and Keras would fail after the data were made."""
    content = good()
    content["cnn"]["layers"][name] = {"kind": "flatten"}
    message = complaint(content, tmp_path)
    assert message.startswith("cnn")
    assert f"{name!r} is taken" in message


@pytest.mark.parametrize(("valid", "test"), [(0.5, 0.5), (0.9, 0.3)])
def test_shares_that_leave_nothing_to_train_on_are_refused(valid: float, test: float, tmp_path: Path) -> None:
    """Else the training part would be empty."""
    message = complaint(changed(("split.valid_share", valid), ("split.test_share", test)), tmp_path)
    assert message.startswith("split: valid_share + test_share is ")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"folds": 5}, "split: fold None of folds 5: give both"),
        ({"fold": 1}, "split: fold 1 of folds None: give both"),
        ({"folds": 5, "fold": 6}, "split: fold 6 of folds 5: give both, fold from 1 to folds"),
        ({"folds": 5, "fold": 0}, "split.fold: "),
        ({"folds": 2, "fold": 1}, "split.folds: input should be greater than or equal to 3, got 2"),
        ({"folds": 5, "fold": 1, "method": "given"}, "split: method 'given' keeps the parts of the source"),
    ],
)
def test_folds_that_cannot_be_are_refused(changes: dict[str, object], words: str, tmp_path: Path) -> None:
    """Else a fold that is not there would be an empty test part."""
    message = complaint(changed(*((f"split.{key}", value) for key, value in changes.items())), tmp_path)
    assert message.startswith(words)


def test_classes_named_twice_are_refused(tmp_path: Path) -> None:
    """Else resize would fail on them after ingest had read every photo."""
    assert complaint(changed(("ingest.classes", ["cat", "cat"])), tmp_path).startswith("ingest.classes: ")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(?P<label>[a-z]+", "is not a valid regular expression: missing ), unterminated subpattern at position 0"),
        (r"([a-z]+)\.jpg", "has no group named label, such as (?P<label>"),
        (r"(?P<lable>[a-z]+)\.jpg", "has no group named label"),
    ],
)
def test_a_pattern_that_cannot_give_labels_is_refused(pattern: str, words: str, tmp_path: Path) -> None:
    """Else every photo would be read before the mistake shows."""
    message = complaint(changed(("ingest.pattern", pattern)), tmp_path)
    assert message.startswith(f"ingest.pattern: {pattern!r} ")
    assert words in message


def test_all_mistakes_stand_in_one_message(tmp_path: Path) -> None:
    """Else one would mend them one run at a time."""
    message = complaint(changed(("seed", -1), ("mlp.l2", "x"), ("fetch.dataset", "mnist")), tmp_path)
    assert [line.partition(":")[0] for line in message.splitlines()] == ["seed", "fetch.dataset", "mlp.l2"]


def test_a_flood_of_mistakes_is_cut_and_counted(tmp_path: Path) -> None:
    """Else a wrong file would fill the terminal and hide the first mistake."""
    content = changed(*[(f"unknown{number:02d}", 1) for number in range(SHOWN + 5)])
    lines = complaint(content, tmp_path).splitlines()
    assert len(lines) == SHOWN + 1
    assert lines[-1] == "... and 5 more"
