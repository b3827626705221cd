"""Content hashes: two files with the same meaning have the same version.

Read by criteria and `load`; written on every decision so that it can be replayed. Not here: history.
"""

from __future__ import annotations

import hashlib
import json


def content_hash(content: object) -> str:
    """Hash JSON-like content (16 hex digits): the same for any order of keys, and for 5 and 5.0."""
    text = json.dumps(_canonical(content), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _canonical(content: object) -> object:
    if isinstance(content, dict):
        return {key: _canonical(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_canonical(value) for value in content]
    if isinstance(content, float) and content.is_integer():
        return int(content)
    return content
