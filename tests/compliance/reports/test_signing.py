"""The signature of a report: valid, the same each time, and made by a key that is well kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from django.core.management import CommandError, call_command
from pytest_django import Settings

from compliance.models import Report, SigningCertificate
from compliance.reports import build, signing
from compliance.reports.signing import SigningFailed, make_identity, read_identity
from tests.compliance.reports.conftest import ASKED_AT


@pytest.mark.django_db
def test_a_report_is_signed_validly_and_twice_the_same(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    rendered: list[bytes] = []
    sign = signing.signed

    def twice(pdf: bytes, by: signing.Identity, at: datetime) -> bytes:
        rendered.append(pdf)
        once = sign(pdf, by, at)
        assert sign(pdf, by, at) == once
        return once

    monkeypatch.setattr(signing, "signed", twice)
    build.build_report(report.pk)
    row = Report.objects.get()
    assert row.status == Report.Status.READY, row.error
    with row.file.open() as file:
        pdf: bytes = file.read()
    assert (row.sha256, row.size) == (hashlib.sha256(pdf).hexdigest(), len(pdf))
    assert pdf.startswith(rendered[0])  # what was rendered is not touched

    certificate = SigningCertificate.objects.get()
    assert row.certificate == certificate
    (signature,) = PdfFileReader(BytesIO(pdf)).embedded_signatures
    trust = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False)
    found = validate_pdf_signature(signature, trust)
    assert found.bottom_line
    assert found.coverage == SignatureCoverageLevel.ENTIRE_FILE
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert signature.self_reported_timestamp == ASKED_AT
    assert signature.signer_cert.sha256.hex() == certificate.fingerprint
    (issued,) = x509.load_pem_x509_certificates(certificate.pem.encode())
    assert issued.fingerprint(hashes.SHA256()).hex() == certificate.fingerprint

    changed = pdf[:10] + bytes([pdf[10] ^ 1]) + pdf[11:]  # one bit, in a comment
    (signature,) = PdfFileReader(BytesIO(changed), strict=False).embedded_signatures
    assert not validate_pdf_signature(signature, trust).bottom_line

    with pikepdf.open(BytesIO(pdf)) as opened:
        with opened.open_metadata() as claims:
            assert claims["pdfaid:part"] == "3"
            assert claims["pdfuaid:part"] == "1"
        first = opened.pages[0]
        (field,) = [each for each in first["/Annots"] if each["/Subtype"] == "/Widget"]
        left, bottom, right, top = (float(edge) for edge in field["/Rect"])
        # Without a size outside the page: what neither PDF/A nor PDF/UA asks more of.
        assert (left, bottom) == (right, top)
        assert left < 0
        assert bottom < 0
        assert int(field["/F"]) & 4  # printed
        assert str(field["/TU"]) == "Signature"
        assert first["/Tabs"] == "/S"
        assert "/StructTreeRoot" in opened.Root
        assert set(opened.attachments) == {
            "submission.json",
            "review.json",
            "assessment-results.oscal.json",
        }


def test_a_key_is_made_once_and_only_its_owner_reads_it(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "var" / "signing.pem"
    settings.SIGNING_FILE = settings.SIGNING_FILE_OF_ITS_OWN = path
    said = StringIO()
    call_command("signing", "make", stdout=said)
    assert path.stat().st_mode & 0o777 == 0o600
    first = signing.identity()
    assert first.fingerprint in said.getvalue()
    assert not make_identity(path)
    call_command("signing", "make", stdout=said)
    assert signing.identity().fingerprint == first.fingerprint
    assert list(path.parent.iterdir()) == [path]
    assert "PRIVATE" not in first.pem


def _pkcs12(who: signing.Identity, passphrase: bytes) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        None,
        who.key,
        who.certificate,
        None,
        serialization.BestAvailableEncryption(passphrase),
    )


def _encrypted_pem(who: signing.Identity, passphrase: bytes) -> bytes:
    secret = who.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    return secret + who.pem.encode()


def _of_another_kind(who: signing.Identity, passphrase: bytes) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Curve")])
    at = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def test_a_key_of_ones_own_is_read_from_pem_or_pkcs12_and_a_bad_one_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    own = tmp_path / "own.pem"
    make_identity(own)
    who = read_identity(own, "")
    ways: list[tuple[str, Callable[[signing.Identity, bytes], bytes]]] = [
        ("firm.p12", _pkcs12),
        ("firm.pem", _encrypted_pem),
    ]
    for name, written in ways:
        path = tmp_path / name
        path.write_bytes(written(who, b"open sesame"))
        assert read_identity(path, "open sesame").fingerprint == who.fingerprint
        with pytest.raises(SigningFailed, match="SIGNING_PASSPHRASE"):
            read_identity(path, "wrong")
    refused = {
        "no RSA": _of_another_kind(who, b""),
        "no certificate": own.read_bytes().split(b"-----BEGIN CERT")[0],
        "nothing": b"",
    }
    for name, content in refused.items():
        path = tmp_path / f"{name}.pem"
        path.write_bytes(content)
        with pytest.raises(SigningFailed, match=f"{name}.pem"):
            read_identity(path, "")
    settings.SIGNING_FILE = tmp_path / "gone.pem"
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("signing", "show")
