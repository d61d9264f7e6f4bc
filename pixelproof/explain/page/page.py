"""One self-contained HTML page: template, styles, script, pictures and numbers in a single file."""

import base64
import re
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from PIL import Image

from pixelproof.explain.page.diagrams import log_scale
from pixelproof.explain.pictures.cases import Case
from pixelproof.explain.pictures.recipes import Recipe, case_recipe, zeros
from pixelproof.explain.pictures.sheets import colours

TEMPLATES = Path(__file__).parent / "templates"
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w.]+)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|class) (\w+))", re.MULTILINE)


def render(context: Mapping[str, Any], template: str = "index.html", entry: str = "page.js") -> str:
    """Return the page for the names that a template uses; `entry` is the script that starts it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "picture": picture,
        "number": number,
        "cell": cell,
        "ink": ink,
        "log_scale": log_scale,
        "recipes": recipes,
    }
    style = "\n".join(path.read_text("utf-8") for path in sorted((TEMPLATES / "css").glob("*.css")))
    return environment.get_template(template).render(**context, style=style, script=script(TEMPLATES / "js", entry))


def script(folder: Path, entry: str = "page.js") -> str:
    """Return the modules that `entry` imports, and itself, as one script: each a function of its own, in order.

    A page that is opened from a file may not load modules from other files.
    """
    modules: dict[str, str] = {}

    def add(name: str) -> None:
        if name in modules:
            return
        source = (folder / name).read_text("utf-8")
        for match in IMPORT.finditer(source):
            add(match.group(2))
        modules[name] = _wrap(name, source)

    add(entry)
    return '"use strict";\nconst modules = {};\n' + "\n".join(modules.values())


def _wrap(name: str, source: str) -> str:
    exported = ", ".join(EXPORT.findall(source))
    body = EXPORT.sub("", IMPORT.sub(r'const {\1} = modules["\2"];\n', source))
    return f'modules["{name}"] = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();'


def picture(pixels: np.ndarray, most: int | None = None) -> str:
    """Return a photo or signed map (see `sheets.Picture`) as a PNG in a data: address.

    Sides above `most` pixels are divided by the same whole number until they are not.
    """
    image = Image.fromarray(colours(pixels))
    times = -(-max(image.size) // most) if most else 1
    if times > 1:
        width, height = (-(-side // times) for side in image.size)
        image = image.resize((width, height), Image.Resampling.BOX)
    buffer = BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def number(value: Any) -> str:
    """Write a number as people do: thousands apart, and no more decimals than say something."""
    if isinstance(value, int | np.integer) or abs(value) >= 1000:
        return f"{value:,.0f}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−", 1)


def recipes(case: Case) -> list[Recipe]:
    """Return how each output of a case is made, and with which zeros its picture is shown."""
    return [{**case_recipe(case, number), "shown": zeros(case, number)} for number in range(len(case.outputs))]


def cell(value: float) -> str:
    """Write a number of a table that its reader adds up: the examples need two decimals."""
    return f"{round(value, 2) + 0.0:,.2f}".rstrip("0").rstrip(".").replace("-", "−")


def ink(value: float) -> str:
    """Return a class name for a pixel's cell: its shade in sixteen steps, so that the numbers look like the picture."""
    return f"g{int(min(255, max(0, value))) // 16}"
