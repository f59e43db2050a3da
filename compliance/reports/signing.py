"""The signature of a report: whose key it is, and a signed PDF that a reader shows as such.

A report is signed when it is rendered, in the worker's own process: the child that renders it
knows no key. The same report signed twice by the same key has the same bytes, so RSA with
PKCS #1 v1.5 and no other kind of key, and neither the clock nor chance has a say in the file.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from django.conf import settings

from compliance import clock

KEY_BITS, FEWEST_BITS = 3072, 2048
VALID_FOR = timedelta(days=3653)
_PKCS12 = {".p12", ".pfx"}


class SigningFailed(Exception):
    """The key cannot be used; the text says why, for the log and the operator."""


@dataclass(frozen=True)
class Identity:
    """A key and the certificates that say whose it is, its own first."""

    key: rsa.RSAPrivateKey
    certificates: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        return self.certificates[0]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def subject(self) -> str:
        """Whom the certificate names."""
        names = self.certificate.subject
        named = names.get_attributes_for_oid(NameOID.COMMON_NAME) or list(names)
        return str(named[0].value) if named else names.rfc4514_string()

    @property
    def pem(self) -> str:
        """The certificates, to give away."""
        return "".join(
            certificate.public_bytes(serialization.Encoding.PEM).decode()
            for certificate in self.certificates
        )


def identity() -> Identity:
    """Who signs here: the configured key, or the installation's own, made when there is none."""
    path = Path(settings.SIGNING_FILE)
    if path == settings.SIGNING_FILE_OF_ITS_OWN:
        make_identity(path)
    return read_identity(path, settings.SIGNING_PASSPHRASE)


def make_identity(path: Path) -> bool:
    """Make a key with a certificate of its own, for its owner's eyes; False where one is."""
    if path.exists():
        return False
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    now = clock.now()
    site = settings.SITE_URL.split("//")[-1].rstrip("/")[:40]
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tianheng"),
            x509.NameAttribute(
                NameOID.COMMON_NAME, f"Tianheng {site}".strip() + f" {secrets.token_hex(4)}"
            ),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=True,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secret + certificate.public_bytes(serialization.Encoding.PEM))
        # Whole or not at all, and never over another: two that start together end with one key.
        with suppress(FileExistsError):
            os.link(fresh, path)
            return True
    finally:
        fresh.unlink(missing_ok=True)
    return False


def read_identity(path: Path, passphrase: str) -> Identity:
    """The key and the certificates in a PEM or PKCS #12 file; SigningFailed says what is wrong."""
    secret = passphrase.encode() or None
    try:
        content = path.read_bytes()
        if path.suffix.lower() in _PKCS12:
            held = pkcs12.load_pkcs12(content, secret)
            key: Any = held.key
            own = [held.cert.certificate] if held.cert else []
            others = [each.certificate for each in held.additional_certs]
        else:
            key = serialization.load_pem_private_key(content, secret)
            own, others = [], x509.load_pem_x509_certificates(content)
    except OSError as error:
        raise SigningFailed(f"{path} cannot be read: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise SigningFailed(
            f"{path} holds no key and certificate that SIGNING_PASSPHRASE opens: {error}"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < FEWEST_BITS:
        raise SigningFailed(f"{path} must hold an RSA key of {FEWEST_BITS} bits or more.")
    mine = [each for each in (*own, *others) if each.public_key() == key.public_key()]
    if not mine:
        raise SigningFailed(f"{path} holds no certificate for its key.")
    chain = [each for each in (*own, *others) if each != mine[0]]
    return Identity(key, (mine[0], *chain))


def signed(pdf: bytes, by: Identity, at: datetime) -> bytes:
    """The PDF with a signature added behind it; what was there is not touched."""
    # Takes a second to load, and only a worker needs it.
    from compliance.reports.pades import CannotSign, sign

    try:
        return sign(pdf, by.key, by.certificates, name=by.subject, at=at)
    except CannotSign as error:
        raise SigningFailed(f"The PDF cannot be signed: {error}") from error
