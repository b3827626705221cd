"""Queues of the package as records: what may own a record beside users.

    *.queue-meta.xml -> Group (type Queue) and QueueSobject rows

Called by org when it opens and after a deployment; members are not taken from files, as a package has none. Not here: who
sees what a queue owns (soql/context).
"""

from __future__ import annotations

from pathlib import PurePosixPath

from lxml.etree import _Element

from crm_sync.local_org import metadata_xml
from crm_sync.local_org.metadata_xml import Files, text
from crm_sync.local_org.records import create_unchecked
from crm_sync.local_org.transactions import Row, Transaction


def save(tx: Transaction, files: Files) -> None:
    """Save every queue of a package; one that is there keeps its id, its members and what it owns."""
    for path, content in files.items():
        if path.endswith((".queue-meta.xml", ".queue")):
            _save(tx, PurePosixPath(path).name.split(".", maxsplit=1)[0], metadata_xml.parse(content))


def _save(tx: Transaction, name: str, root: _Element) -> None:
    found = tx.connection.execute(
        """SELECT "Id" FROM "Group" WHERE "DeveloperName" = ? AND "Type" = 'Queue'""", (name,)
    ).fetchone()
    queue = found[0] if found else _create(tx, "Group", _queue(name, root))
    known = tx.connection.execute('SELECT "SobjectType" FROM "QueueSobject" WHERE "QueueId" = ?', (queue,))
    wanted = [text(element, "sobjectType") for element in root.findall("queueSobject")]
    for sobject in sorted(set(wanted) - {row[0] for row in known}):
        _create(tx, "QueueSobject", {"QueueId": queue, "SobjectType": sobject})


def _queue(name: str, root: _Element) -> Row:
    tells = int(text(root, "doesSendEmailToMembers") == "true")
    return {
        "Name": text(root, "name", name),
        "DeveloperName": name,
        "Type": "Queue",
        "DoesSendEmailToMembers": tells,
        "DoesIncludeBosses": 1,
    }


def _create(tx: Transaction, name: str, row: Row) -> str:
    return create_unchecked(tx, tx.layouts[name].type, row)
