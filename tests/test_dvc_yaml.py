"""dvc.yaml tells the truth: what a stage reads is what it is said to depend on."""

import ast
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.imports import ROOT, imported_names, own_files

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
    return {str(entry).replace("${item.model}", model) for entry in definition.get(key, [])}


@STAGES
def test_every_module_of_ours_that_a_stage_imports_is_a_dependency(stage: str, module: str, definition: Any) -> None:
    """Else DVC would skip a stage whose code has changed."""
    code = {dep for dep in declared(definition, "deps", stage.partition("@")[2]) if dep.endswith(".py")}
    assert own_files(module) - code == set()


@STAGES
def test_no_stage_depends_on_a_module_that_it_does_not_import(stage: str, module: str, definition: Any) -> None:
    """Else a change of unrelated code would train again. The two trainings share one list of modules."""
    code = {dep for dep in declared(definition, "deps", stage.partition("@")[2]) if dep.endswith(".py")}
    used = own_files(module)
    if "@" in stage:
        used |= {file for file in own_files("stages.train_cnn") if "cnn" not in file}
    assert code - used == set()


@STAGES
def test_a_stage_reads_the_params_that_it_declares_and_no_others(stage: str, module: str, definition: Any) -> None:
    """Else an edit of params.yaml would change nothing, or run too much."""
    if stage == "plan":  # depends on the file as a whole
        assert "params.yaml" in definition["deps"]
        return
    read = params_read(module)
    allowed = declared(definition, "params", stage.partition("@")[2])
    assert {key for key in read if not any(is_within(key, section) for section in allowed)} == set()
    assert {section for section in allowed if not any(is_within(key, section) for key in read)} == set()


def params_read(module: str) -> set[str]:
    """Return what a stage's main reads of `params`, as dotted keys: `ingest.source`, or `ingest` where it takes all."""
    tree = ast.parse((ROOT / module.replace(".", "/")).with_suffix(".py").read_text("utf-8"))
    main = next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "main")
    inner = {node.value for node in ast.walk(main) if isinstance(node, ast.Attribute)}
    chains = {ast.unparse(node) for node in ast.walk(main) if isinstance(node, ast.Attribute) and node not in inner}
    return {chain.removeprefix("params.") for chain in chains if chain.startswith("params.")}


def is_within(key: str, section: str) -> bool:
    return key == section or key.startswith(f"{section}.")


def test_every_params_section_is_read_by_a_stage() -> None:
    """Else a section would be there that changes nothing."""
    read = {entry.split(".")[0] for stage, _, d in stages() for entry in declared(d, "params", stage.partition("@")[2])}
    assert read == set(PARAMS)


def test_every_stage_says_what_it_is_for() -> None:
    """`dvc stage list` shows it."""
    assert [stage for stage, _, definition in stages() if not definition.get("desc")] == []


def test_every_script_is_a_stage() -> None:
    """Else a script would be left behind that nothing runs. Experiments that train for long are run by hand."""
    scripts = {path.stem for path in (ROOT / "stages").glob("*.py") if "__main__" in path.read_text("utf-8")}
    assert scripts - {"depth_test", "shuffle_test"} == {module.split(".")[1] for _, module, _ in stages()}


def test_the_walk_sees_imports_inside_functions() -> None:
    """The tests above trust it, and heavy modules are imported late."""
    assert imported_names("def late():\n    import cv2.dnn as x\n    from keras import ops\n") == {
        "cv2.dnn",
        "keras",
        "keras.ops",
    }
