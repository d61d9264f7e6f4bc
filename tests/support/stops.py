"""Work that is stopped on the way, within the process of the test."""

from types import ModuleType
from typing import Any

import pytest

from pixelproof.files.journal import Journal


def count_calls(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str) -> list[Any]:
    """Return a list that grows by one with each call of a module's function."""
    calls: list[Any] = []
    function = getattr(module, name)

    def counted(*arguments: Any, **options: Any) -> Any:
        calls.append(None)
        return function(*arguments, **options)

    monkeypatch.setattr(module, name, counted)
    return calls


def stop_after(monkeypatch: pytest.MonkeyPatch, journal: Journal, *, lines: int) -> None:
    """Let the journal raise KeyboardInterrupt once so many lines were added to it."""
    added: list[str] = []
    add = journal.add

    def stopping(line: str) -> None:
        if len(added) == lines:
            raise KeyboardInterrupt
        added.append(line)
        add(line)

    monkeypatch.setattr(journal, "add", stopping)
