import subprocess
import sys
from pathlib import Path

from tests.support.imports import ROOT
from tests.support.program import Program


def test_without_a_command_the_commands_are_listed(pixelproof: Program, tmp_path: Path) -> None:
    """Else a user would not learn what the program can do."""
    shown = pixelproof(tmp_path, "--help")
    assert shown.status == 0
    assert "plan" in shown.stdout
    assert "results" in shown.stdout


def test_the_program_starts_without_heavy_libraries() -> None:
    """Else `pixelproof plan` would take ten seconds instead of less than one."""
    script = (
        "import sys\n"
        "from pixelproof.cli import app\n"
        "app(['plan', '--params', 'presets/article.yaml'], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'mlflow', 'pandas', 'numpy', 'sklearn', 'matplotlib', 'albumentations'}\n"
        "print('heavy:', heavy & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "219,801 parameters" in done.stdout
    assert done.stdout.splitlines()[-1] == "heavy: set()"
