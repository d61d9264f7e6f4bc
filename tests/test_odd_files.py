"""Strange files, found in test suites and in the wild: each gets the outcome that docs/ingest.md shows."""

from pathlib import Path

import pytest

from tests.support.odd_table import odd_inventory, odd_table, shown_table


def test_every_strange_file_is_accounted_for_as_the_page_says(
    odd_files: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A crash on one of them would stop the ingest of a million; a library's warning would fill the terminal."""
    inventory = odd_inventory(odd_files)
    report = inventory.report()
    files = [path for path in odd_files.rglob("*") if path.is_file()]
    assert report["found"] == report["accepted"] + report["quarantined"] + report["ignored"] == len(files) == 84
    assert [line for line in capfd.readouterr().err.splitlines() if line and not line.startswith("ingest")] == []
    assert odd_table(inventory) in shown_table()
