"""The stage `split` draws the parts by the seed of the whole file, unless `split.seed` gives it one of its own."""

from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from tests.support.imports import ROOT
from tests.support.manifests import table


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a manifest of 40 photos, outside Git; it is the working folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "data/ingested").mkdir(parents=True)
    table([[1] * 20, [1] * 20]).to_parquet(tmp_path / "data/ingested/manifest.parquet")
    return tmp_path


def split(project: Path, whole: int, own: int | None = None) -> bytes:
    """Run the stage with these seeds; return data/splits.csv."""
    from stages.split import main

    yaml = YAML()
    params = yaml.load((ROOT / "params.yaml").read_text("utf-8"))
    params["seed"] = whole
    if own is not None:
        params["split"]["seed"] = own
    with (project / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(params, file)
    main()
    return (project / "data/splits.csv").read_bytes()


def test_seeds_of_training_can_have_one_test_part(project: Path) -> None:
    """Else seeds could be neither compared nor promoted: each would be judged on other photos."""
    assert split(project, 7, 7) == split(project, 8, 7) == split(project, 9, 7)
    assert split(project, 8, 8) != split(project, 8, 7)


def test_without_its_own_seed_a_split_is_what_it_was(project: Path) -> None:
    """Else every split that exists would change, and with it every number."""
    from pixelproof.data.splits import split_photos
    from pixelproof.params.split import Split

    params = YAML(typ="safe").load((ROOT / "params.yaml").read_text("utf-8"))["split"]
    drawn = split_photos(table([[1] * 20, [1] * 20]), Split.model_validate(params), seed=7)
    assert split(project, 7) == split(project, 7, 7) == drawn.to_csv(index=False).encode()
    assert split(project, 8) != split(project, 7)


def test_the_report_names_the_seed_that_drew_the_parts(project: Path) -> None:
    """Else a run could not say which test part it was judged on."""
    from pixelproof.files import read_json

    split(project, 8, 3)
    assert read_json(project / "reports/split.json")["made_with"]["seed"] == 3
    split(project, 8)
    assert read_json(project / "reports/split.json")["made_with"]["seed"] == 8
    assert len(pd.read_csv(project / "data/splits.csv")) == 40
