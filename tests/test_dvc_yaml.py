"""dvc.yaml tells the truth: what decides a stage's result is what the stage is said to depend on."""

import ast
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pixelproof import paths
from tests.support.imports import CHANGES_NO_RESULT, PACKAGES, ROOT, imported_names, is_below, own_files

PIPELINE: dict[str, Any] = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text("utf-8"))
PARAMS: dict[str, Any] = YAML(typ="safe").load((ROOT / "params.yaml").read_text("utf-8"))
MODELS = ("cnn", "mlp")


def stages() -> list[tuple[str, str, dict[str, Any]]]:
    """Return (stage, the module it runs, its definition), the matrix written out."""
    return [
        (
            f"{name}@{model}" if model else name,
            definition["cmd"].split()[-1].replace("${item.model}", model),
            definition,
        )
        for name, definition in PIPELINE["stages"].items()
        for model in (MODELS if "matrix" in definition else ("",))
    ]


STAGES = pytest.mark.parametrize(("stage", "module", "definition"), stages(), ids=[stage for stage, *_ in stages()])


def declared(definition: dict[str, Any], key: str, model: str) -> set[str]:
    entries = [next(iter(entry)) if isinstance(entry, dict) else entry for entry in definition.get(key, [])]
    return {str(entry).replace("${item.model}", model) for entry in entries}


def code_of(stage: str, definition: dict[str, Any]) -> set[str]:
    """Return the folders and files of code that a stage depends on."""
    return {dep for dep in declared(definition, "deps", stage.partition("@")[2]) if dep.split("/")[0] in PACKAGES}


@STAGES
def test_every_module_that_decides_a_result_is_below_a_dependency(stage: str, module: str, definition: Any) -> None:
    """Else DVC would skip a stage whose code has changed."""
    assert {file for file in own_files(module) if not is_below(file, code_of(stage, definition))} == set()


@STAGES
def test_no_stage_depends_on_a_folder_that_it_does_not_import_from(stage: str, module: str, definition: Any) -> None:
    """Else a change of unrelated code would train again."""
    used = own_files(module)
    assert {code for code in code_of(stage, definition) if not any(is_below(file, {code}) for file in used)} == set()


@pytest.mark.parametrize("path", CHANGES_NO_RESULT)
def test_what_changes_no_result_exists_and_is_no_dependency(path: str) -> None:
    """Else the list in pyproject.toml would excuse a module from being tracked that no longer is what it was."""
    assert (ROOT / path).exists()
    assert [stage for stage, _, definition in stages() if path in code_of(stage, definition)] == []


def test_what_changes_no_result_is_imported_by_what_has_results_only_for_its_words_and_paths() -> None:
    """Modules of the list must not reach back into code that computes: an edit there would then go unnoticed."""
    rooms = {"pixelproof.data", "pixelproof.network", "pixelproof.training", "pixelproof.evaluation"}
    files = [file for path in CHANGES_NO_RESULT for file in _python_files(ROOT / path)]
    reached = {name for file in files for name in imported_names(file.read_text("utf-8"))}
    assert {name for name in reached if ".".join(name.split(".")[:2]) in rooms} == set()


def _python_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def test_both_trainings_depend_on_the_installed_libraries() -> None:
    """Else a new Keras would leave old weights in place as if they were its own."""
    assert "requirements.lock" in PIPELINE["stages"]["train"]["deps"][2]


@STAGES
def test_a_stage_reads_the_params_that_it_declares_and_no_others(stage: str, module: str, definition: Any) -> None:
    """Else an edit of params.yaml would change nothing, or run too much."""
    if stage == "plan":  # depends on the file as a whole
        assert "params.yaml" in definition["deps"]
        return
    assert params_read(module) == declared(definition, "params", stage.partition("@")[2])


def params_read(module: str) -> set[str]:
    """Return what a stage's script reads of params.yaml: `ingest.source`, or `ingest` where it takes the section."""
    tree = ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text("utf-8"))
    loads = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "load_section"]
    keys = {id(call): ast.unparse(call.args[0]).lower() for call in loads}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node.value) in keys:
            keys[id(node.value)] += f".{node.attr}"
    seeded = any(isinstance(node, ast.Name) and node.id == "load_seed" for node in ast.walk(tree))
    return {*keys.values(), *(["seed"] if seeded else [])}


def test_every_params_section_is_read_by_a_stage() -> None:
    """Else a section would be there that changes nothing."""
    read = {entry.split(".")[0] for stage, _, d in stages() for entry in declared(d, "params", stage.partition("@")[2])}
    assert read == set(PARAMS) - {"baselines"}, "which `make baselines` reads, outside the pipeline"


@STAGES
def test_the_outputs_are_where_the_code_writes_them(stage: str, module: str, definition: Any) -> None:
    """paths.py is no dependency, so dvc.yaml must name the same places: else DVC would look for outputs elsewhere."""
    known = {str(path) for path in vars(paths).values() if isinstance(path, Path)}
    model = stage.partition("@")[2]
    outputs = declared(definition, "outs", model) | declared(definition, "metrics", model)
    assert {output for output in outputs if not is_below(output, known)} == set()


def test_every_stage_says_what_it_is_for() -> None:
    """`dvc stage list` shows it."""
    assert [stage for stage, _, definition in stages() if not definition.get("desc")] == []


def test_every_script_is_a_stage() -> None:
    """Else a script would be left behind that nothing runs; the Makefile runs these three."""
    scripts = {path.stem for path in (ROOT / "stages").glob("*.py") if "__main__" in path.read_text("utf-8")}
    assert scripts - {"baselines", "beginning", "depth_test", "shuffle_test"} == {
        module.split(".")[1] for _, module, _ in stages()
    }


def test_it_can_be_read() -> None:
    """It has been 502 lines long, 301 of them names of Python files."""
    assert len((ROOT / "dvc.yaml").read_text("utf-8").splitlines()) <= 320
    code = [dep for d in PIPELINE["stages"].values() for dep in d["deps"] if str(dep).split("/")[0] in PACKAGES]
    assert len(code) <= 105


def test_the_walk_sees_imports_inside_functions() -> None:
    """The tests above trust it, and heavy modules are imported late."""
    assert imported_names("def late():\n    import cv2.dnn as x\n    from keras import ops\n") == {
        "cv2.dnn",
        "keras",
        "keras.ops",
    }
