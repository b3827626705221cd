"""The org within the same process: a `requests` adapter that needs no socket and no thread.

    session.mount("http://127.0.0.1", InProcess(org))

For simulations that make very many calls in a fixed order. Faults that cut connections raise what a cut socket raises.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from crm_sync.local_org.exchange import Answer, Request, exchange
from crm_sync.local_org.org import Org


class InProcess(BaseAdapter):
    """Answers every request of a session from an org."""

    def __init__(self, org: Org, test_mode: bool = True) -> None:
        super().__init__()
        self._org = org
        self._test_mode = test_mode

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Answer one request. Raises requests.ConnectionError when a fault cuts the connection."""
        parts = urlsplit(request.url or "")
        headers = {k.lower(): v.decode() if isinstance(v, bytes) else v for k, v in request.headers.items()}
        headers["host"] = parts.netloc
        asked = Request(request.method or "GET", parts.path, parts.query, headers, _content(request.body), "http")
        answer = exchange(self._org, asked, self._test_mode)
        if answer.cut_after is not None:
            raise requests.ConnectionError("Connection aborted: the embedded org cut it", request=request)
        return _response(request, answer)

    def close(self) -> None:
        """Nothing is held open."""


def _content(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return body if isinstance(body, bytes) else b"".join(body)


def _response(request: requests.PreparedRequest, answer: Answer) -> requests.Response:
    content = b"".join(answer.stream) if answer.stream is not None else answer.content
    response = requests.Response()
    response.status_code = answer.status
    response.headers = CaseInsensitiveDict(answer.headers)
    response.raw = HTTPResponse(
        io.BytesIO(content), headers=answer.headers, status=answer.status, preload_content=False
    )
    response.url = request.url or ""
    response.request = request
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    return response
