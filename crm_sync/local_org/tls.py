"""Certificates of the local org: an authority of its own, handed to clients, and a server certificate for this machine's names.

    folder -> Identity (ca.pem to trust; server.pem and server.key to serve with)

Called by server. Kept in a folder, so that clients that trust the authority go on doing so; renewed before it runs out.
"""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=200)
_RENEWED_BEFORE = timedelta(days=7)
_NAMES = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


@dataclass(frozen=True)
class Identity:
    """Where the authority's certificate, the server's and its key lie."""

    ca_file: Path
    certificate: Path
    key: Path


def identity(folder: Path) -> Identity:
    """Give the identity kept in a folder, made anew when there is none or it is about to run out."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = Identity(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    if not _is_good(found):
        _make(found)
    return found


def _is_good(found: Identity) -> bool:
    try:
        served = x509.load_pem_x509_certificate(found.certificate.read_bytes())
    except (OSError, ValueError):
        return False
    return found.ca_file.exists() and found.key.exists() and served.not_valid_after_utc > _now() + _RENEWED_BEFORE


def _now() -> datetime:
    return datetime.now(UTC)


def _make(found: Identity) -> None:
    """Make an authority, let it sign one certificate, and forget its key: nothing else can ever be signed by it."""
    ca_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "crm-sync local org")])
    ca = _builder(ca_name, ca_name, ca_key).add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    ca = ca.add_extension(_usage(signs_certificates=True), critical=True)
    signed = ca.sign(ca_key, hashes.SHA256())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    server = _builder(name, ca_name, server_key).add_extension(x509.SubjectAlternativeName(_NAMES), critical=False)
    server = server.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    server = server.add_extension(_usage(signs_certificates=False), critical=True)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    server = server.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
    )
    found.ca_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    found.certificate.write_bytes(server.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    pem = server_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    with os.fdopen(os.open(found.key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(pem)


def _builder(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_now() - timedelta(hours=1))
        .not_valid_after(_now() + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
