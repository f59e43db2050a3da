"""The public check: is this PDF the one that was issued? It never names the firm."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from compliance.selectors.reports import (
    Issued,
    clean_code,
    issued_by_code,
    issued_by_sha256,
)

MAX_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True)
class Verdict:
    """What comparing the file showed."""

    is_genuine: bool
    sha256: str
    issued: Issued | None


def verify(request: HttpRequest, code: str = "") -> HttpResponse:
    """What a code stands for, and whether a file is the one that was issued."""
    typed = request.GET.get("code", "").strip()[:60]
    if typed and not code and clean_code(typed):
        return HttpResponseRedirect(reverse("verify_code", args=[clean_code(typed)]))
    code = code or typed
    issued = issued_by_code(code) if code else None
    error: str | Promise = ""
    verdict: Verdict | None = None
    if request.method == "POST":
        error, verdict = _compare(request, issued)
    context = {
        "code": code,
        "issued": issued or (verdict.issued if verdict else None),
        "is_unknown": bool(code) and issued is None,
        "verdict": verdict,
        "error": error,
    }
    status = 422 if error else 404 if context["is_unknown"] else 200
    return render(request, "compliance/verify/verify.html", context, status=status)


def _compare(request: HttpRequest, issued: Issued | None) -> tuple[str | Promise, Verdict | None]:
    """An error sentence, or the verdict on the uploaded file. The file is not kept."""
    file = request.FILES.get("file")
    if not isinstance(file, UploadedFile):
        return _("Choose the PDF that you want to check."), None
    if (file.size or 0) > MAX_BYTES:
        return _("This file is larger than any report. Choose the PDF as you received it."), None
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    sha256 = digest.hexdigest()
    found = issued_by_sha256(sha256)
    if issued is not None:
        return "", Verdict(issued.sha256 == sha256, sha256, issued)
    return "", Verdict(found is not None, sha256, found)


urlpatterns: list[URLPattern] = [
    path("verify/", verify, name="verify"),
    path("verify/<str:code>/", verify, name="verify_code"),
]
