"""JSON as the service writes it: compact, or indented in Jackson's style when X-PrettyPrint asks.

Called by app. Jackson puts blanks on both sides of the colon and opens objects on the line of their array.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

_KEY = re.compile(rb'^(\s*"(?:[^"\\]|\\.)*"): ', re.MULTILINE)
_OPENING = re.compile(rb"\[\n\s+\{$", re.MULTILINE)
_BETWEEN = re.compile(rb"\},\n\s+\{$", re.MULTILINE)
_CLOSING = re.compile(rb"\}\n\s*\](?=,?$)", re.MULTILINE)
_EMPTY_LIST = re.compile(rb"(^| )\[\](?=,?$)", re.MULTILINE)
_EMPTY_OBJECT = re.compile(rb"(^| )\{\}(?=,?$)", re.MULTILINE)


def write(body: Any, pretty: bool) -> bytes:
    """Write a JSON body as bytes."""
    if not pretty:
        return orjson.dumps(body)
    text = _KEY.sub(rb"\1 : ", orjson.dumps(body, option=orjson.OPT_INDENT_2))
    for pattern, jackson in (
        (_OPENING, b"[ {"),
        (_BETWEEN, b"}, {"),
        (_CLOSING, b"} ]"),
        (_EMPTY_LIST, rb"\1[ ]"),
        (_EMPTY_OBJECT, rb"\1{ }"),
    ):
        text = pattern.sub(jackson, text)
    return text
