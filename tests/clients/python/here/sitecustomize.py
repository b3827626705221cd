"""Loaded by Python before every Python client: nothing beyond this machine is reached, and what was tried is written down.

What is meant for the service, or for the local org by https, goes to the local org as from a proxy that ends the TLS: these
clients know no other scheme, and some no other host. ORG_BASE is the org's address, OUTSIDE_LOG the file for what was tried.
"""

import os
import socket
import sys
from urllib.parse import urlsplit

BASE = os.environ["ORG_BASE"]
ORG = urlsplit(BASE).netloc
HERE = {"127.0.0.1", "::1", "localhost", None, ""}


def refuse(what):
    with open(os.environ["OUTSIDE_LOG"], "a") as log:
        log.write(f"{what} by {' '.join(sys.argv[:4])}\n")
    return OSError(f"{what} is beyond this machine")


ask, connect = socket.getaddrinfo, socket.socket.connect


def getaddrinfo(host, *more, **named):
    if (host.decode() if isinstance(host, bytes) else host) not in HERE:
        raise refuse(f"asking for the address of {host}")
    return ask(host, *more, **named)


def watched(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in HERE:
        raise refuse(f"connecting to {address[0]}")
    return connect(self, address)


socket.getaddrinfo, socket.socket.connect = getaddrinfo, watched

try:
    from requests.adapters import HTTPAdapter
except ImportError:
    pass
else:
    send = HTTPAdapter.send

    def to_the_org(self, request, **more):
        where = urlsplit(request.url)
        if where.scheme == "https" and (where.netloc == ORG or (where.hostname or "").endswith(".salesforce.com")):
            request.url = BASE + request.url.partition("://")[2].removeprefix(where.netloc)
            request.headers["X-Forwarded-Proto"] = "https"
        return send(self, request, **more)

    HTTPAdapter.send = to_the_org
