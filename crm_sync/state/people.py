"""Everybody's key: what the decision log says of a person is locked with it, and nobody reads it once the key is destroyed.

Within the journal, used by the decision log. A key is random, one a person; a person stands in the log under a random name
that leads to the key. So an entry is never touched: a person is forgotten by deleting their key, and every seal still fits
(crypto-shredding). Not here: who is to be forgotten (suppression), and what is locked (decisions).
"""

from __future__ import annotations

import base64
import json
import secrets
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm_sync.errors import PermanentError

PEOPLE_SCHEMA = """
CREATE TABLE people (
    who TEXT PRIMARY KEY, contact TEXT NOT NULL UNIQUE, key BLOB NOT NULL, missing_since TEXT) STRICT, WITHOUT ROWID;
"""
WHO_BYTES, KEY_BITS, NONCE_BYTES = 12, 256, 12


@dataclass(frozen=True)
class Lock:
    """One person's name in the log, and their key."""

    who: str
    contact: str
    key: bytes

    def close(self, value: Any) -> dict[str, str]:
        """Lock a value up: {who, box}."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        text = json.dumps(value, sort_keys=True, default=str).encode()
        box = nonce + AESGCM(self.key).encrypt(nonce, text, self.who.encode())
        return {"who": self.who, "box": base64.b64encode(box).decode()}

    def open(self, box: str) -> Any:
        """Give what was locked up; raises PermanentError when the box or the key was changed."""
        raw = base64.b64decode(box)
        try:
            return json.loads(AESGCM(self.key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], self.who.encode()))
        except InvalidTag as error:
            raise PermanentError(
                f"What the decision log says of {self.who} does not fit their key. Compare the journal with a backup."
            ) from error


def locks_of(connection: sqlite3.Connection, contacts: Iterable[str]) -> Mapping[str, Lock]:
    """Give everybody's lock by contact; whoever has none yet gets a new one."""
    wanted = sorted(set(contacts))
    if not wanted:
        return {}
    fresh = [(f"person-{secrets.token_hex(WHO_BYTES)}", one, AESGCM.generate_key(KEY_BITS)) for one in wanted]
    connection.executemany("INSERT OR IGNORE INTO people (who, contact, key) VALUES (?, ?, ?)", fresh)
    return {lock.contact: lock for lock in every_lock(connection)}


def every_lock(connection: sqlite3.Connection) -> tuple[Lock, ...]:
    """Give the locks of everybody who was not forgotten, by their names in the log."""
    return tuple(Lock(*row) for row in connection.execute("SELECT who, contact, key FROM people ORDER BY who"))


def destroy(connection: sqlite3.Connection, forgotten: Callable[[str], bool]) -> int:
    """Destroy the keys of these contacts; returns how many there were."""
    gone = [(lock.who,) for lock in every_lock(connection) if forgotten(lock.contact)]
    connection.executemany("DELETE FROM people WHERE who = ?", gone)
    return len(gone)


def missing(connection: sqlite3.Connection, living: Collection[str], at: str, before: str) -> tuple[str, ...]:
    """Note whom the org no longer has, and give those it has not had since before this moment (both ISO, UTC)."""
    known = connection.execute("SELECT contact, missing_since FROM people").fetchall()
    back = [(contact,) for contact, since in known if since is not None and contact in living]
    gone = [(at, contact) for contact, since in known if since is None and contact not in living]
    connection.executemany("UPDATE people SET missing_since = NULL WHERE contact = ?", back)
    connection.executemany("UPDATE people SET missing_since = ? WHERE contact = ?", gone)
    return tuple(sorted(c for c, since in known if since is not None and since < before and c not in living))
