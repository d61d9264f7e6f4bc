"""The recipe of a training: optimizers, schedules, mixed images and the rest."""

from pathlib import Path

import pytest

from pixelproof.params.whole import Params
from tests.support.params import changed, complaint, good

RECIPE: dict[str, object] = {
    "cnn.optimizer": {"kind": "adamw", "weight_decay": 0.02, "beta_1": 0.95, "beta_2": 0.99, "epsilon": 1e-6},
    "cnn.schedule": {"kind": "cosine", "warmup_epochs": 0.5, "final_share": 0.01},
    "cnn.label_smoothing": 0.1,
    "cnn.mixup": {"alpha": 0.2},
    "cnn.average_weights": 0.995,
    "cnn.average_mirrored": True,
    "cnn.class_weights": "balanced",
    "cnn.clip_norm": 1,
    "cnn.precision": "mixed_bfloat16",
    "mlp.schedule": {"kind": "step", "milestones": [20, 29], "factor": 0.1, "warmup_epochs": 2},
    "mlp.epochs": 30,
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
        (
            "cnn.optimizer",
            {"kind": "adamv"},
            "cnn.optimizer.kind: 'adamv' is not a kind of optimizer (did you mean 'adam",
        ),
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
        (
            "cnn.schedule",
            {"kind": "cosin"},
            "cnn.schedule.kind: 'cosin' is not a kind of schedule (did you mean 'cosine'",
        ),
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
        ("mlp.epochs", 0, "mlp.epochs: input should be greater than or equal to 1, got 0"),
        ("cnn.label_smoothing", 1, "cnn.label_smoothing: input should be less than 1, got 1"),
        ("cnn.mixup", 0.2, "cnn.mixup: "),
        ("cnn.mixup", {"alpha": 0}, "cnn.mixup.alpha: input should be greater than 0, got 0"),
        ("cnn.cutmix", {"alfa": 1}, "cnn.cutmix.alfa: unknown key (did you mean 'alpha'?)"),
        ("cnn.average_weights", True, "cnn.average_weights: "),
        ("cnn.average_weights", 1.0, "cnn.average_weights: input should be less than 1, got 1.0"),
        ("cnn.class_weights", [1, 2], "cnn.class_weights: input should be 'balanced', got [1, 2]"),
        ("cnn.clip_norm", 0, "cnn.clip_norm: input should be greater than 0, got 0"),
        (
            "cnn.precision",
            "float16",
            "cnn.precision: input should be 'float32', 'mixed_bfloat16' or 'auto', got 'float16'",
        ),
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


def test_a_schedule_of_the_mlp_is_held_against_its_own_number_of_epochs(tmp_path: Path) -> None:
    """Else an MLP that trains longer than the CNN could not use its last epochs, nor one that trains less be warned."""
    late = ("mlp.schedule", {"kind": "step", "factor": 0.1, "milestones": [12]})
    assert Params.model_validate(changed(("train.epochs", 9), ("mlp.epochs", 20), late)).mlp.epochs == 20
    said = complaint(changed(("train.epochs", 20), ("mlp.epochs", 9), late), tmp_path)
    assert "mlp.schedule.milestones: 12 is never reached, since mlp.epochs is 9" in said
