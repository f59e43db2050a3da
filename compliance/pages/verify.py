"""The public check: is this PDF the one that was issued? A file sent here is not kept."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.limits import count_attempt
from compliance.middleware import page_before
from compliance.models import SigningCertificate
from compliance.pages.firms import membership_or_404
from compliance.selectors.reports import (
    SHA256,
    Issued,
    clean_code,
    issued_by_code,
    issued_by_sha256,
)
from compliance.services.firms import name_in_checks

MAX_BYTES = 100 * 1024 * 1024
PER_MINUTE = 60


@dataclass(frozen=True)
class Verdict:
    """What comparing the file showed."""

    is_genuine: bool
    sha256: str
    issued: Issued | None  # what it was compared with; what it is, where there was no code
    is_other: Issued | None = None  # not the one it was compared with, but this one


class Fingerprint(FileUploadHandler):
    """Reads an uploaded file for its SHA-256 alone: not to memory, and not to a file."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.digest, self.size, self.is_too_large = hashlib.sha256(), 0, False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.size += len(raw_data)
        if self.size > MAX_BYTES:
            self.is_too_large = True
            raise StopUpload(connection_reset=False)  # else the browser shows no page
        self.digest.update(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[bytes] | None:
        return UploadedFile(BytesIO(), self.file_name, size=file_size)


# The form's token is checked as everywhere, once the file is read as it has to be read.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def verify(request: HttpRequest, code: str = "") -> HttpResponse:
    """What a code stands for, and whether a file is the one that was issued."""
    request.upload_handlers = [Fingerprint(request)]
    return _verify(request, code)


@csrf_protect
def _verify(request: HttpRequest, code: str) -> HttpResponse:
    typed = request.GET.get("code", "").strip()[:60]
    if typed and not code and clean_code(typed):
        return HttpResponseRedirect(reverse("verify_code", args=[clean_code(typed)]))
    code = code or typed
    sha256 = request.GET.get("sha256", "").lower()[:65]
    if code or sha256 or request.method == "POST":
        count_attempt(request, "verify", per_minute=PER_MINUTE)
    issued = issued_by_code(code) if code else None
    error: str | Promise = ""
    verdict: Verdict | None = None
    if request.method == "POST":
        error, verdict = _compare(request, issued)
    elif SHA256.fullmatch(sha256):  # computed in the browser: the file stays where it is
        verdict = _verdict(sha256, issued)
    context = {
        "code": code,
        "issued": issued or (verdict.issued if verdict else None),
        "is_unknown": bool(code) and issued is None,
        "verdict": verdict,
        "error": error,
        "most_bytes": MAX_BYTES,
    }
    status = 422 if error else 404 if context["is_unknown"] else 200
    return render(request, "compliance/verify/verify.html", context, status=status)


def _compare(request: HttpRequest, issued: Issued | None) -> tuple[str | Promise, Verdict | None]:
    """An error sentence, or the verdict on the file that was sent."""
    has_file = "file" in request.FILES
    (read,) = request.upload_handlers
    assert isinstance(read, Fingerprint)
    if read.is_too_large:
        return TOO_LARGE, None
    if not has_file:
        return gettext_lazy("Choose the PDF that you want to check."), None
    return "", _verdict(read.digest.hexdigest(), issued)


TOO_LARGE = gettext_lazy("This file is larger than any report. Choose the PDF as you received it.")


def _verdict(sha256: str, issued: Issued | None) -> Verdict:
    found = issued_by_sha256(sha256)
    if issued is None:
        return Verdict(found is not None, sha256, found)
    if issued.sha256 == sha256:
        return Verdict(True, sha256, issued)
    return Verdict(False, sha256, issued, found)


@require_safe
def certificate(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """The certificate that a report was signed with, for a reader of PDFs to trust."""
    held = get_object_or_404(SigningCertificate, pk=fingerprint)
    response = HttpResponse(held.pem, content_type="application/x-pem-file")
    response["Content-Disposition"] = f'attachment; filename="tianheng-{held.pk[:16]}.pem"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@login_required
def naming(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """Let the public check name the firm, or not."""
    member = membership_or_404(request, firm_id)
    is_named = request.POST.get("is_named") == "1"
    name_in_checks(firm=member.firm, is_named=is_named, by=member)
    if is_named:
        messages.success(request, _("The public check names the firm from now on."))
    else:
        messages.success(request, _("The public check does not name the firm any more."))
    return redirect(page_before(request))


urlpatterns: list[URLPattern] = [
    path("verify/", verify, name="verify"),
    path("verify/<str:code>/", verify, name="verify_code"),
    path("verify/certificate/<str:fingerprint>.pem", certificate, name="verify_certificate"),
    path("firms/<uuid:firm_id>/naming/", naming, name="firm_naming"),
]
