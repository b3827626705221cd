"""Error messages in the user's language: the codes stay, the words do not.

    reply + language -> reply

Called by dispatch. The local org has English words alone, so every other language gets a pseudo-translation of them: marked, with
other letters, and of no use to a client that reads words where it should read codes. Not here: labels in describes.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from crm_sync.local_org.calls import Reply

_LETTERS = str.maketrans("aeiouyAEIOU", "àéîõüÿÀÉÎÕÜ")
_OPEN, _CLOSE = "⟦", "⟧"
_CODES = ("errorCode", "statusCode")


def told_in(language: str, reply: Reply) -> Reply:
    """Give the reply as a user with this language gets it."""
    if language.startswith("en") or reply.body is None:
        return reply
    return dataclasses.replace(reply, body=_translated(reply.body))


def _translated(body: Any) -> Any:
    if isinstance(body, list):
        return [_translated(item) for item in body]
    if not isinstance(body, dict):
        return body
    told = {key: _translated(value) for key, value in body.items()}
    message = told.get("message")
    if isinstance(message, str) and any(code in told for code in _CODES) and not message.startswith(_OPEN):
        told["message"] = f"{_OPEN}{message.translate(_LETTERS)}{_CLOSE}"
    return told
