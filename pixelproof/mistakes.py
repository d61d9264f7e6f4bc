"""Mistakes in a YAML file as messages: the key, what was given, what is allowed, the nearest known key."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

SHOWN = 10  # mistakes listed in one message; the others are counted


def explain(error: ValidationError, schema: type[BaseModel], given: object, path: Path) -> str:
    """Return one message for all mistakes in `given`, the content of the file at `path`: a line per key."""
    problems: dict[str, list[str]] = {}
    for detail in error.errors(include_url=False):
        where, what = _problem(detail, schema, given)
        problems.setdefault(where, []).append(what)  # a value of a union type has an error per type
    lines = [f"{where}: {', or '.join(dict.fromkeys(whats))}" for where, whats in problems.items()]
    if len(lines) > SHOWN:
        lines[SHOWN:] = [f"... and {len(lines) - SHOWN} more"]
    return "\n".join(f"{path}: {line}" for line in lines)


def _problem(detail: ErrorDetails, schema: type[BaseModel], given: object) -> tuple[str, str]:
    keys, value = _locate(detail["loc"], given, names_key=detail["type"] in ("missing", "extra_forbidden"))
    where = ".".join(keys) or "the file"
    if detail["type"] == "extra_forbidden":
        known = _known_keys(schema, keys[:-1], given)
        return where, f"unknown key{_nearest(keys[-1], known)}. Known keys here: {', '.join(known)}"
    if detail["type"] == "missing":
        return where, "this key is missing; the files in presets/ show every key with its meaning"
    if detail["type"] == "elsewhere":  # a mistake that involves several sections, reported at one of their keys
        return str(detail["ctx"]["where"]), detail["msg"]
    noun = "layer" if "layers" in keys[:-1] else "".join(keys[-1:])
    if detail["type"] == "union_tag_not_found":
        return where, f"a{'n' if noun[0] in 'aeiou' else ''} {noun} needs a `kind`, got {value!r}"
    if detail["type"] == "union_tag_invalid":
        allowed = [kind.strip(" '") for kind in detail["ctx"]["expected_tags"].split(",")]
        kind = str(detail["ctx"]["tag"])
        return (
            f"{where}.kind",
            f"{kind!r} is not a kind of {noun}{_nearest(kind, allowed)}. Known: {', '.join(allowed)}",
        )
    if detail["type"] == "value_error":
        return where, str(detail["ctx"]["error"])
    if "[key]" in detail["loc"]:
        return (
            where,
            "a name may only have lower-case letters, digits and underscores, and must begin with a letter",
        )
    return where, f"{_lower_first(detail['msg'])}, got {value!r}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _nearest(key: str, known: list[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _locate(loc: tuple[int | str, ...], given: object, *, names_key: bool) -> tuple[list[str], object]:
    """Follow pydantic's location through the given content; return the file's keys and the value there.

    Locations also name branches of a union, which are not keys of the file: a layer's kind right after its name, or a
    type ("constrained-int") at the end. With `names_key` the last part is a key.
    """
    keys: list[str] = []
    value: Any = given
    in_branch = False
    for position, part in enumerate(loc):
        if isinstance(value, Mapping) and value.get("kind") == part and not in_branch:
            in_branch = True
            continue
        if isinstance(value, Mapping | list) and part in (value if isinstance(value, Mapping) else range(len(value))):
            value, in_branch = value[part], False  # type: ignore[index]  # a list is indexed by position
        elif not (names_key and position == len(loc) - 1):
            continue
        keys.append(str(part))
    return keys, value


def _known_keys(schema: type[BaseModel], keys: list[str], given: object) -> list[str]:
    """Return the keys that `schema` allows in the section at `keys`."""
    root = schema.model_json_schema()
    at = root
    for key in keys:
        named = at.get("patternProperties") or {"": at.get("additionalProperties")}  # keys that the user names
        at = at["properties"][key] if "properties" in at else next(iter(named.values()))
        given = given[key] if isinstance(given, Mapping) else None
        at = _section(at, root["$defs"], given)
    return list(at["properties"])


def _section(at: dict[str, Any], definitions: dict[str, Any], given: object) -> dict[str, Any]:
    """Return the JSON schema of the section itself if `at` is a reference or a choice."""
    if "discriminator" in at and isinstance(given, Mapping):
        return _section({"$ref": at["discriminator"]["mapping"][given["kind"]]}, definitions, given)
    choices = at.get("anyOf") or at.get("oneOf")
    if choices:  # of a section, null or a word: the section
        section = next(choice for choice in choices if "$ref" in choice or "discriminator" in choice)
        return _section(section, definitions, given)
    if "$ref" in at:
        found: dict[str, Any] = definitions[at["$ref"].rsplit("/", 1)[-1]]
        return found
    return at
