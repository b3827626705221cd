"""Multipart bodies: the parts of a form by name.

Called by bulk_ingest and metadata_rest.
"""

from __future__ import annotations

import re
from email.parser import BytesParser

from crm_sync.local_org.calls import Call
from crm_sync.local_org.errors import OrgError


def parts(call: Call) -> dict[str, bytes]:
    """Read the parts of a multipart/form-data body by name. Raises OrgError when there are none."""
    head = f"Content-Type: {call.headers.get('content-type', '')}\r\n\r\n".encode()
    found = {}
    for part in BytesParser().parsebytes(head + call.content).walk():
        named = re.search(r'name="([^"]*)"', str(part["content-disposition"]))
        content = part.get_payload(decode=True)
        if named and isinstance(content, bytes):
            found[named.group(1)] = content
    if not found:
        raise OrgError("INVALID_INPUT", "The multipart body has no named parts.")
    return found
