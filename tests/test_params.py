"""The settings file: what loads, and what a person reads when it does not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from ruamel.yaml import YAML

from pixelproof.errors import UserError
from pixelproof.mistakes import SHOWN, explain
from pixelproof.params import Params, load_params

ROOT = Path(__file__).parents[1]
PRESETS = sorted((ROOT / "presets").glob("*.yaml"))
GONE = object()  # stands for "leave this key out"


def good() -> dict[str, Any]:
    """Return the content of the real params.yaml, with layers and transforms that these tests know."""
    content: dict[str, Any] = YAML(typ="safe").load((ROOT / "params.yaml").read_text("utf-8"))
    content["augment"]["transforms"] = {"move": {"kind": "Affine", "rotate": [-12, 12], "p": 1.0}}
    content["cnn"]["layers"] = {
        "conv1": {"kind": "conv", "filters": 16, "kernel": 3},
        "relu1": {"kind": "activation", "activation": "relu"},
        "pool1": {"kind": "max_pool", "size": 2},
        "flatten": {"kind": "flatten"},
    }
    content["train"]["early_stopping"] = {"monitor": "valid_loss", "patience_epochs": 8}
    return content


def changed(*changes: tuple[str, object]) -> dict[str, Any]:
    """Return good content with the values at dotted keys replaced, added, or `GONE`."""
    content = good()
    for where, value in changes:
        *sections, key = where.split(".")
        at = content
        for section in sections:
            at = at[section]
        if value is GONE:
            del at[key]
        else:
            at[key] = value
    return content


def complaint(content: object, folder: Path) -> str:
    """Write the content to a file, load that, and return the message, which names the file in each line."""
    path = folder / "settings.yaml"
    path.write_text(json.dumps(content), "utf-8")  # JSON is YAML
    return complaint_about(path)


def complaint_about(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        load_params(path)
    lines = str(refused.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return "\n".join(line.removeprefix(f"{path}: ") for line in lines)


def test_the_real_params_load() -> None:
    """Else no stage would start."""
    assert load_params(ROOT / "params.yaml").seed >= 0


@pytest.mark.parametrize("preset", PRESETS, ids=lambda path: path.stem)
def test_every_preset_loads(preset: Path) -> None:
    """Else a preset would be stale, and copying it over params.yaml would stop the pipeline."""
    assert list(load_params(preset).cnn.layers)


def test_layers_keep_the_order_of_the_file(tmp_path: Path) -> None:
    """Else the network would be another one than the one written down."""
    path = tmp_path / "settings.yaml"
    content = good()
    content["cnn"]["layers"] = dict(reversed(content["cnn"]["layers"].items()))
    path.write_text(json.dumps(content), "utf-8")
    assert list(load_params(path).cnn.layers) == ["flatten", "pool1", "relu1", "conv1"]


def test_loaded_params_cannot_be_changed() -> None:
    """Else a stage could use other values than the file shows."""
    params = Params.model_validate(good())
    with pytest.raises(ValidationError, match="frozen"):
        params.seed = 8


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
    assert message.startswith("cnn.layers.flatten.kind: 'flaten' is no kind of layer (did you mean 'flatten'?)")
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
        ("(?P<label>[a-z]+", "is no regular expression: missing ), unterminated subpattern at position 0"),
        (r"([a-z]+)\.jpg", "has no group named label, as (?P<label>"),
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("seed: 7\nseed: 8\n", "duplicate key"),
        ("seed: 7\ncnn: [\n", "is not YAML that can be read"),
        ("seed: 7\n\t- b\n", "line 2"),
        ("a: *nothing\n", "undefined alias"),
        ("a: !!python/object:os.system x\n", "could not determine a constructor"),
        ("a: 1\n---\nb: 2\n", "line"),
        ("", "the file: "),
        ("- a\n- b\n", "the file: "),
        ("just words\n", "the file: "),
        ("seed: 7\x00\n", "not YAML"),
    ],
)
def test_a_file_that_is_no_settings_file_is_refused_in_words(text: str, words: str, tmp_path: Path) -> None:
    """Else a traceback would meet whoever mistypes a bracket."""
    path = tmp_path / "settings.yaml"
    path.write_text(text, "utf-8")
    assert words in complaint_about(path)


def test_a_key_that_is_a_number_is_refused_by_name(tmp_path: Path) -> None:
    """Else a key such as `1:` would end in a traceback."""
    path = tmp_path / "settings.yaml"
    path.write_text(json.dumps(good())[:-1] + ", 1: 2}", "utf-8")
    assert complaint_about(path).startswith("1: ")


def test_a_file_that_is_no_utf_8_is_refused_in_words(tmp_path: Path) -> None:
    """Else an editor's other encoding would end in a traceback."""
    path = tmp_path / "settings.yaml"
    path.write_bytes("seed: 7  # café".encode("latin-1"))
    assert "no UTF-8 text" in complaint_about(path)


def test_a_missing_file_is_refused_with_a_remedy(tmp_path: Path) -> None:
    """Else someone in the wrong folder would see a traceback."""
    assert "Run from the project's folder" in complaint_about(tmp_path / "settings.yaml")


def test_numbers_are_read_as_dvc_reads_them(tmp_path: Path) -> None:
    """Else `1e-3` would be text, as YAML 1.1 has it, and be refused."""
    path = tmp_path / "settings.yaml"
    content = changed(("cnn.learning_rate", "LEARNING_RATE"))
    path.write_text(json.dumps(content).replace('"LEARNING_RATE"', "1e-3"), "utf-8")
    assert load_params(path).cnn.learning_rate == 0.001


@pytest.mark.parametrize("number", [".inf", "-.inf", ".nan"])
@pytest.mark.parametrize("key", ["cnn.learning_rate", "mlp.l2", "split.test_share", "augment.transforms.move.p"])
def test_numbers_without_a_value_are_refused(key: str, number: str, tmp_path: Path) -> None:
    """Else a training would run for hours and give NaN, or a report would be no JSON."""
    path = tmp_path / "settings.yaml"
    path.write_text(json.dumps(changed((key, "NUMBER"))).replace('"NUMBER"', number), "utf-8")
    assert complaint_about(path).startswith(f"{key}: ")


def test_whole_numbers_do_for_fractions() -> None:
    """Else `l2: 0` would have to be written `0.0`."""
    assert Params.model_validate(changed(("mlp.l2", 0))).mlp.l2 == 0


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


def test_loading_params_loads_no_heavy_library() -> None:
    """Else a mistyped key would show only after ten seconds of imports."""
    code = (
        "import sys; from pixelproof.params import load_params; load_params();"
        "print(sorted({'tensorflow', 'keras', 'numpy', 'pandas', 'mlflow', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


SHA256 = "0123456789abcdefABCDEF" + "0" * 42


def fetching(**keys: object) -> dict[str, Any]:
    return changed(*((f"fetch.{key}", value) for key, value in keys.items()))


@pytest.mark.parametrize("url", ["https://a.org/photos.zip", "http://127.0.0.1:80/a/b.tar.gz?key=1"])
def test_an_archive_is_fetched_by_address_and_hash(url: str) -> None:
    """Else no data set but the named ones could be fetched."""
    fetch = Params.model_validate(fetching(dataset="url", url=url, sha256=SHA256)).fetch
    assert (fetch.url, fetch.sha256) == (url, SHA256)


@pytest.mark.parametrize(
    ("keys", "got"),
    [
        ({"dataset": "url"}, "got 'url' with neither"),
        ({"dataset": "url", "url": "https://a.org/b.zip"}, "got 'url' with url"),
        ({"dataset": "url", "sha256": SHA256}, "got 'url' with sha256"),
        ({"dataset": "none", "url": "https://a.org/b.zip", "sha256": SHA256}, "got 'none' with url and sha256"),
        ({"dataset": "digits", "sha256": SHA256}, "got 'digits' with sha256"),
    ],
)
def test_address_and_hash_stand_with_the_data_set_url_and_only_there(
    tmp_path: Path, keys: dict[str, object], got: str
) -> None:
    """Else bytes that nobody vouches for would be trained on, or an address would be there that does nothing."""
    message = complaint(fetching(**keys), tmp_path)
    assert message.startswith("fetch: `dataset: url` needs the keys url (of an archive) and sha256")
    assert message.endswith(got)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "ftp://a.org/b.zip"),
        ("url", "file:///etc/passwd"),
        ("url", "https://a.org"),
        ("url", "https:///b.zip"),
        ("url", "https://a.org/b c.zip"),
        ("sha256", SHA256[1:]),
        ("sha256", "g" * 64),
        ("sha256", 7),
    ],
)
def test_an_address_or_hash_of_the_wrong_form_is_shown(tmp_path: Path, key: str, value: object) -> None:
    """Else a slip would be found only after the download, or a local file would be read."""
    keys = {"dataset": "url", "url": "https://a.org/b.zip", "sha256": SHA256, key: value}
    message = complaint(fetching(**keys), tmp_path)
    assert message.startswith(f"fetch.{key}: ")
    assert message.endswith(f"got {value!r}")


def conv() -> dict[str, Any]:
    return {"kind": "conv", "filters": 4, "kernel": 3}


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            {"kind": "residual", "layers": {"a": conv() | {"filter": 3}}},
            "cnn.layers.r.layers.a.filter: unknown key (did",
        ),
        ({"kind": "block", "layers": {"a": {"kind": "cnv"}}}, "cnn.layers.r.layers.a.kind: 'cnv' is no kind of layer"),
        ({"kind": "block", "layers": {}}, "cnn.layers.r.layers: "),
        ({"kind": "block", "layers": {"a": conv()}, "repeat": 0}, "cnn.layers.r.repeat: input should be greater than"),
        ({"kind": "block", "layers": {"A": conv()}}, "cnn.layers.r.layers.A: a name here has lower-case letters"),
        (
            {"kind": "block", "layers": {"a": {"kind": "residual", "layers": {"b": {"kind": "l2_pool"}}}}},
            "cnn.layers.r.layers.a.layers.b.size: this key is missing",
        ),
    ],
)
def test_a_mistake_inside_a_block_is_named_by_its_whole_path(layer: Any, words: str, tmp_path: Path) -> None:
    """Else a user would search every block for it."""
    message = complaint(changed(("cnn.layers.r", layer)), tmp_path)
    assert words in message


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("sotfmax", "cnn.head: input should be 'sigmoid' or 'softmax', got 'sotfmax'"),
        ({"kind": "sotfmax", "hidden": 3}, "cnn.head.kind: input should be 'sigmoid' or 'softmax', got 'sotfmax'"),
        ({"kind": "softmax"}, "cnn.head.hidden: this key is missing"),
        ({"kind": "softmax", "hiden": 3}, "cnn.head.hiden: unknown key (did you mean 'hidden'?)"),
        ({"kind": "softmax", "hidden": 3, "dropout": 1}, "cnn.head.dropout: input should be less than 1"),
    ],
)
def test_a_mistake_in_the_head_is_named_whether_it_is_a_word_or_a_section(
    head: object, words: str, tmp_path: Path
) -> None:
    """Else a head with a hidden layer would be explained as a wrong word, or the other way round."""
    message = complaint(changed(("cnn.head", head)), tmp_path)
    assert words in message


def test_a_misspelt_key_of_the_backbone_is_named(tmp_path: Path) -> None:
    """Else transfer learning would be a search for three keys."""
    message = complaint(changed(("cnn.backbone", {"name": "VGG16", "wieghts": "none"})), tmp_path)
    assert "cnn.backbone.wieghts: unknown key (did you mean 'weights'?)" in message
    assert "cnn.backbone.trainable_from: this key is missing" in message


@pytest.mark.slow
def test_dvc_overrides_the_number_of_repeats_and_a_layer_inside_a_block(tmp_path: Path) -> None:
    """Else `dvc exp run -S cnn.layers.block1.repeat=3` would not reach the block."""
    from dvc.utils.hydra import apply_overrides

    path = tmp_path / "settings.yaml"
    block = {"kind": "block", "repeat": 1, "layers": {"conv1": conv()}}
    path.write_text(json.dumps(changed(("cnn.layers", {"block1": block}))), "utf-8")
    apply_overrides(path, ["cnn.layers.block1.repeat=3", "cnn.layers.block1.layers.conv1.filters=9"])
    changed_block: Any = load_params(path).cnn.layers["block1"]
    assert (changed_block.repeat, changed_block.layers["conv1"].filters) == (3, 9)


RECIPE: dict[str, object] = {
    "cnn.optimizer": {"kind": "adamw", "weight_decay": 0.02, "beta_1": 0.95, "beta_2": 0.99, "epsilon": 1e-6},
    "cnn.schedule": {"kind": "cosine", "warmup_epochs": 0.5, "final_share": 0.01},
    "cnn.label_smoothing": 0.1,
    "cnn.mixup": {"alpha": 0.2},
    "cnn.average_weights": 0.995,
    "cnn.class_weights": "balanced",
    "cnn.clip_norm": 1,
    "cnn.precision": "mixed_bfloat16",
    "mlp.schedule": {"kind": "step", "milestones": [20, 40], "factor": 0.1, "warmup_epochs": 2},
    "train.max_minutes": 30,
    "train.checkpoint_minutes": 0.5,
    "train.experiment": "cats",
}


def test_a_whole_recipe_loads_as_it_is_written() -> None:
    """Else a key of the recipe could not be used, or would be read as another value."""
    dumped = Params.model_validate(changed(*RECIPE.items())).model_dump(exclude_none=True)
    for where, value in RECIPE.items():
        section, key = where.split(".")
        assert dumped[section][key] == value


@pytest.mark.parametrize("key", [*RECIPE, "cnn.cutmix"])
def test_every_part_of_the_recipe_is_off_when_it_is_left_out(key: str) -> None:
    """Else params.yaml would have to name what it does not use."""
    section, name = key.split(".")
    content = good()
    content[section].pop(name, None)
    assert getattr(getattr(Params.model_validate(content), section), name) is None


@pytest.mark.parametrize(
    "optimizer",
    [
        {"kind": "adam", "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-8},
        {"kind": "adamw", "weight_decay": 0},
        {"kind": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
        {"kind": "rmsprop", "rho": 0.95, "momentum": 0.9},
        {"kind": "lion", "weight_decay": 0.1},
    ],
    ids=lambda optimizer: str(optimizer["kind"]),
)
def test_every_optimizer_takes_its_own_options(optimizer: dict[str, object]) -> None:
    """Else one of them could not be chosen."""
    loaded = Params.model_validate(changed(("cnn.optimizer", optimizer))).cnn.optimizer
    assert loaded is not None
    assert optimizer.items() <= loaded.model_dump().items()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("cnn.optimizer", "adam", "cnn.optimizer: "),
        ("cnn.optimizer", {"beta_1": 0.9}, "cnn.optimizer: an optimizer needs a `kind`"),
        ("cnn.optimizer", {"kind": "adamv"}, "cnn.optimizer.kind: 'adamv' is no kind of optimizer (did you mean 'adam"),
        ("cnn.optimizer", {"kind": "adamw"}, "cnn.optimizer.weight_decay: this key is missing"),
        ("cnn.optimizer", {"kind": "adam", "beta1": 0.9}, "cnn.optimizer.beta1: unknown key (did you mean 'beta_1'?)"),
        ("cnn.optimizer", {"kind": "adam", "beta_1": 1}, "cnn.optimizer.beta_1: input should be less than 1, got 1"),
        ("cnn.optimizer", {"kind": "adam", "momentum": 0.9}, "cnn.optimizer.momentum: unknown key"),
        (
            "cnn.optimizer",
            {"kind": "adam", "weight_decay": 0.1},
            "cnn.optimizer: kind 'adam' has no weight_decay; kinds that have it: adamw, lion, sgd",
        ),
        (
            "cnn.optimizer",
            {"kind": "rmsprop", "weight_decay": 0.1},
            "cnn.optimizer: kind 'rmsprop' has no weight_decay",
        ),
        ("cnn.optimizer", {"kind": "sgd", "nesterov": True}, "cnn.optimizer: nesterov looks ahead along the momentum"),
        ("cnn.optimizer", {"kind": "sgd", "weight_decay": -1}, "cnn.optimizer.weight_decay: input should be greater"),
        ("cnn.schedule", {"kind": "cosin"}, "cnn.schedule.kind: 'cosin' is no kind of schedule (did you mean 'cosine'"),
        ("cnn.schedule", {"kind": "cosine", "warmup": 5}, "unknown key (did you mean 'warmup_epochs'?)"),
        ("cnn.schedule", {"kind": "cosine", "milestones": [5]}, "cnn.schedule.milestones: unknown key"),
        ("cnn.schedule", {"kind": "cosine", "final_share": 1}, "cnn.schedule.final_share: input should be less than 1"),
        ("cnn.schedule", {"kind": "constant", "warmup_epochs": -1}, "cnn.schedule.warmup_epochs: input should be gre"),
        ("cnn.schedule", {"kind": "step", "factor": 0.1}, "cnn.schedule.milestones: this key is missing"),
        (
            "mlp.schedule",
            {"kind": "step", "factor": 0.1, "milestones": []},
            "mlp.schedule.milestones: list should have",
        ),
        ("mlp.schedule", {"kind": "step", "factor": 1, "milestones": [3]}, "mlp.schedule.factor: input should be less"),
        (
            "mlp.schedule",
            {"kind": "step", "factor": 0.1, "milestones": [8, 8]},
            "mlp.schedule: milestones must rise from one to the next, got [8, 8]",
        ),
        (
            "cnn.schedule",
            {"kind": "step", "factor": 0.1, "milestones": [3], "warmup_epochs": 4},
            "cnn.schedule: the first of the milestones, 3, lies within warmup_epochs 4",
        ),
        (
            "cnn.schedule",
            {"kind": "cosine", "warmup_epochs": 9},
            "cnn.schedule.warmup_epochs: 9 must be fewer than train.epochs, which is 9",
        ),
        (
            "mlp.schedule",
            {"kind": "step", "factor": 0.1, "milestones": [4, 9]},
            "mlp.schedule.milestones: 9 is never reached, since train.epochs is 9",
        ),
        ("cnn.label_smoothing", 1, "cnn.label_smoothing: input should be less than 1, got 1"),
        ("cnn.mixup", 0.2, "cnn.mixup: "),
        ("cnn.mixup", {"alpha": 0}, "cnn.mixup.alpha: input should be greater than 0, got 0"),
        ("cnn.cutmix", {"alfa": 1}, "cnn.cutmix.alfa: unknown key (did you mean 'alpha'?)"),
        ("cnn.average_weights", True, "cnn.average_weights: "),
        ("cnn.average_weights", 1.0, "cnn.average_weights: input should be less than 1, got 1.0"),
        ("cnn.class_weights", [1, 2], "cnn.class_weights: input should be 'balanced', got [1, 2]"),
        ("cnn.clip_norm", 0, "cnn.clip_norm: input should be greater than 0, got 0"),
        ("cnn.precision", "float16", "cnn.precision: input should be 'float32' or 'mixed_bfloat16', got 'float16'"),
        ("train.max_minutes", 0, "train.max_minutes: input should be greater than 0, got 0"),
        ("train.checkpoint_minutes", "5", "train.checkpoint_minutes: input should be a valid number, got '5'"),
        ("train.experiment", "", "train.experiment: "),
    ],
)
def test_a_mistake_in_the_recipe_is_told_at_its_key(key: str, value: object, words: str, tmp_path: Path) -> None:
    """Else a training would run for hours with another recipe than its user has in mind."""
    message = complaint(changed(("train.epochs", 9), (key, value)), tmp_path)
    assert words in message
    assert message.startswith(key)


def test_images_are_mixed_in_one_way(tmp_path: Path) -> None:
    """Else one of the two would be ignored without a word."""
    message = complaint(changed(("cnn.mixup", {"alpha": 0.2}), ("cnn.cutmix", {"alpha": 1})), tmp_path)
    assert message == "cnn: mixup and cutmix are both there, and each image is mixed once; leave one out"
