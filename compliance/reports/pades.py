"""A PAdES B-B signature on a finished PDF, made by pyHanko so that the same input signs the same.

Left to itself the library writes the present time and a random number into the file, and describes
the file anew as its own. Here the time is given, the number follows from the file, and the
description stays what PDF/A and PDF/UA want of it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils.generic import ArrayObject, ByteStringObject
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import fields, signers
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.pdf_signer import PdfSigningSession
from pyhanko_certvalidator.registry import SimpleCertificateStore

FIELD = "Signature"
# Room for the signature, with a chain of some certificates; always as much, like all of the file.
BYTES_RESERVED = 16_384


class CannotSign(Exception):
    """The PDF or the key is not one that can be signed, or signed with."""


class _Addition(IncrementalPdfFileWriter):
    """Adds to a PDF what the signature needs, and nothing that differs from time to time."""

    @classmethod
    def _handle_id(cls, prev: Any) -> ArrayObject:
        first = prev.trailer["/ID"][0].original_bytes
        second = hashlib.sha256(first + b" signed").digest()[:16]
        return ArrayObject([ByteStringObject(first), ByteStringObject(second)])

    def _update_meta(self) -> None:
        """The title, the dates and what the file claims to be are the report's own."""


class _Signer(signers.PdfSigner):
    """Signs at the time it is given."""

    at: datetime

    def init_signing_session(self, *args: Any, **options: Any) -> PdfSigningSession:
        session = super().init_signing_session(*args, **options)
        session.system_time = self.at
        return session


def sign(
    pdf: bytes,
    key: rsa.RSAPrivateKey,
    certificates: Sequence[x509.Certificate],
    *,
    name: str,
    at: datetime,
) -> bytes:
    """The PDF with the signature added behind it; `certificates` begin with the key's own."""
    mine, *others = [_as_asn1(certificate) for certificate in certificates]
    secret = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    signer = _Signer(
        signers.PdfSignatureMetadata(
            field_name=FIELD,
            md_algorithm="sha256",
            subfilter=fields.SigSeedSubFilter.PADES,
            name=name,
        ),
        signer=signers.SimpleSigner(
            signing_cert=mine,
            signing_key=keys.PrivateKeyInfo.load(secret),
            cert_registry=_store([mine, *others]),
        ),
        # On no page: readers show a signature beside the pages, and the cover tells of it.
        new_field_spec=fields.SigFieldSpec(
            FIELD,
            readable_field_name="Signature",
            invis_sig_settings=fields.InvisSigSettings(box_out_of_bounds=True),
        ),
    )
    signer.at = at
    try:
        document = _Addition(io.BytesIO(pdf))
        output = signer.sign_pdf(document, bytes_reserved=BYTES_RESERVED)
    except (PdfError, SigningError, ValueError, KeyError) as error:
        raise CannotSign(repr(error)) from error
    return bytes(output.getbuffer())


def _store(certificates: Sequence[asn1_x509.Certificate]) -> SimpleCertificateStore:
    store = SimpleCertificateStore()  # type: ignore[no-untyped-call]  # it says no types
    for certificate in certificates:
        store.register(certificate)
    return store


def _as_asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER))
