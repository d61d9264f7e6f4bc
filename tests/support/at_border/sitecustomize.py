"""Python reads this file first where PYTHONPATH names its folder: the program kills itself, or waits, at a border.

AT_BORDER holds JSON: {"program": what `python -m` runs, "function": "module:name", "action", "call": the n-th}.
Actions: "kill before" or "kill after" the call (SIGKILL), and "wait": before the call, until the file "until" is there.
"""

import functools
import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any


def set_border(function: str, action: str, call: int = 1, until: str = "") -> None:
    module, _, name = function.partition(":")
    *owners, last = name.split(".")
    owner = functools.reduce(getattr, owners, importlib.import_module(module))
    original, calls = getattr(owner, last), iter(range(1, sys.maxsize))

    @functools.wraps(original)
    def watched(*arguments: Any, **named: Any) -> Any:
        is_border = next(calls) == call
        if is_border and action == "kill before":
            os.kill(os.getpid(), signal.SIGKILL)
        while is_border and action == "wait" and not Path(until).exists():
            time.sleep(0.01)
        result = original(*arguments, **named)
        if is_border and action == "kill after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, last, watched)


def main() -> None:
    border = json.loads(os.environ.get("AT_BORDER", "{}"))
    program = sys.orig_argv[sys.orig_argv.index("-m") + 1 :][:1] if "-m" in sys.orig_argv else []
    if border and program == [border.pop("program")]:
        sys.path.insert(0, str(Path.cwd()))  # as `python -m` does, but only later
        set_border(**border)


main()
