"""References between subrequests: `@{ref.field}`, `@{ref[0].Id}`, `@{q.records[0].Id}`, in URLs and bodies.

Called by composite and graph. Not here: making the subrequests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REFERENCE = re.compile(r"@\{([A-Za-z]\w*)((?:\.\w+|\[\d+\])*)\}")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


class UnknownReferenceError(Exception):
    """A reference names a subrequest that failed, is not there, or has no such value."""


def fill(value: Any, bodies: Mapping[str, Any]) -> Any:
    """Replace every reference in a text, list or object by the value it stands for."""
    if isinstance(value, str):
        return _fill_text(value, bodies)
    if isinstance(value, list):
        return [fill(v, bodies) for v in value]
    if isinstance(value, dict):
        return {k: fill(v, bodies) for k, v in value.items()}
    return value


def _fill_text(text: str, bodies: Mapping[str, Any]) -> Any:
    whole = _REFERENCE.fullmatch(text)
    if whole:
        return _find(whole, bodies)
    return _REFERENCE.sub(lambda found: str(_find(found, bodies)), text)


def _find(found: re.Match[str], bodies: Mapping[str, Any]) -> Any:
    name, path = found.groups()
    if name not in bodies:
        raise UnknownReferenceError(found.group())
    value = bodies[name]
    for step in _STEP.finditer(path):
        value = _step(value, step, found.group())
    return value


def _step(value: Any, step: re.Match[str], shown: str) -> Any:
    key, place = step.groups()
    try:
        if place is not None:
            return value[int(place)]
        return next(v for k, v in value.items() if k.lower() == key.lower())
    except (KeyError, IndexError, TypeError, AttributeError, StopIteration):
        raise UnknownReferenceError(shown) from None
