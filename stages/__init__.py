"""One thin script per DVC stage, run as `python -m stages.<name>` from the project folder."""

import gc
import sys

# Nothing that a stage imports becomes garbage, and to look for some takes a quarter of TensorFlow's import. What runs
# the stage (console.run) switches the search on again. Python calls it "-m" while it looks for the script.
if sys.argv[0] == "-m":
    gc.disable()
