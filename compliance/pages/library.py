"""The firm's library of evidence: its list, one piece with preview, versions and places."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from checklists import InvalidValue
from checklists.engine.values import parse_date
from compliance import permissions
from compliance.errors import InvalidInput, Sentence, SomebodySavedFirst, StorageFull
from compliance.inspection import process
from compliance.models import Evidence, EvidenceUse, Membership
from compliance.pages.firms import membership_or_404, signed_in
from compliance.selectors.evidence import (
    LibraryFilters,
    library_page,
    piece_page,
    preview_pages,
    validity_in_words,
)
from compliance.selectors.requirement import EvidenceDraft
from compliance.services.evidence import (
    Place,
    add_evidence,
    edit_evidence,
    remove_evidence,
    replace_evidence,
    set_places,
)
from compliance.templatetags.tianheng import language

DATES = ("effective_on", "expires_on")
TYPES_TAKEN = ".pdf,.png,.jpg,.jpeg,.docx,.xlsx,.pptx,.csv,.txt,.zip"


def read_dates(data: QueryDict) -> dict[str, date | None]:
    """The two dates of a form, or what is wrong with each."""
    dates: dict[str, date | None] = {}
    errors: dict[str, Sentence] = {}
    for name in DATES:
        text = data.get(name, "").strip()
        try:
            dates[name] = parse_date(text) if text else None
        except InvalidValue as error:
            errors[name] = error.message.get(language())
    if errors:
        raise InvalidInput(errors)
    return dates


def typed_evidence(data: QueryDict) -> EvidenceDraft:
    """What stood in the fields of a piece."""
    return EvidenceDraft(**{name: data.get(name, "") for name in ("kind", "title", "url", *DATES)})


# --- the list -------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@login_required
def library(request: HttpRequest, firm_id: UUID) -> HttpResponse:
    """What the firm keeps, with filters that live in the address; a contributor adds to it."""
    member = membership_or_404(request, firm_id)
    if request.method == "POST":
        permissions.require(member, "attach_evidence")
        return _add(request, member)
    return _library_response(request, member)


def _library_response(
    request: HttpRequest,
    member: Membership,
    errors: dict[str, Sentence] | None = None,
    status: int = 200,
) -> HttpResponse:
    filters = LibraryFilters.read(request.GET)
    page = library_page(member, filters, language())
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "firm": member.firm,
        "filters": filters,
        "page": page,
        "errors": errors or {},
        "typed": typed_evidence(request.POST),
        "types_taken": TYPES_TAKEN,
        "query": query.urlencode(),
        "states": [
            ("expired", _("Expired"), page.counts["expired"]),
            ("ends_soon", _("Expires in 30 days"), page.counts["ends_soon"]),
            ("unsorted", _("Kind not said yet"), page.counts["unsorted"]),
            ("unused", _("Serves nothing"), page.counts["unused"]),
        ],
    }
    is_partial = request.htmx and not request.htmx.history_restore_request  # type: ignore[attr-defined]
    template = "_results.html" if is_partial else "library.html"
    return render(request, f"compliance/evidence/{template}", context, status=status)


def _add(request: HttpRequest, member: Membership) -> HttpResponse:
    """Each file becomes a piece of its own; one that is refused does not hold up the others."""
    wants_json = "application/json" in request.headers.get("Accept", "")
    typed = typed_evidence(request.POST)
    uploads: list[UploadedFile[Any] | None] = [*request.FILES.getlist("file")]
    if typed.url.strip() or not uploads:
        uploads.append(None)
    added: list[Evidence] = []
    refused: list[Sentence] = []
    errors: dict[str, Sentence] = {}
    for upload in uploads:
        try:
            added.append(
                add_evidence(
                    firm=member.firm,
                    kind=typed.kind,
                    title=typed.title if len(uploads) == 1 else "",
                    upload=upload,
                    url=typed.url if upload is None else "",
                    **read_dates(request.POST),
                    by=member,
                )
            )
        except InvalidInput as refusal:
            errors |= refusal.fields
            refused.extend(refusal.fields.values())
        except StorageFull as refusal:
            refused.append(refusal.message)
    if wants_json:
        return _told(added, refused)
    if not added:
        return _library_response(request, member, errors or {"file": refused[0]}, status=422)
    messages.success(
        request,
        ngettext("%(n)d piece is added.", "%(n)d pieces are added.", len(added))
        % {"n": len(added)},
    )
    for sentence in dict.fromkeys(map(str, refused)):
        messages.error(request, sentence)
    if len(added) == 1 and not refused:
        return redirect("evidence_piece", added[0].pk)
    return redirect("evidence_library", member.firm_id)


def _told(added: list[Evidence], refused: list[Sentence]) -> HttpResponse:
    if not added:
        return JsonResponse({"error": " ".join(map(str, refused))}, status=422)
    piece = added[0]
    return JsonResponse(
        {"title": piece.title, "url": reverse("evidence_piece", args=[piece.pk])}, status=201
    )


# --- one piece ------------------------------------------------------------------------------------


def _piece_or_404(request: HttpRequest, evidence_id: UUID) -> tuple[Evidence, Membership]:
    pieces = Evidence.objects.visible_to(signed_in(request)).select_related("added_by", "firm")
    piece = get_object_or_404(pieces.prefetch_related("uses__assessment"), pk=evidence_id)
    return piece, membership_or_404(request, piece.firm_id)


@require_http_methods(["GET", "POST"])
@login_required
def piece(request: HttpRequest, evidence_id: UUID) -> HttpResponse:
    """One piece: what it is, until when it holds, where it serves; a contributor corrects it."""
    evidence, member = _piece_or_404(request, evidence_id)
    if request.method != "POST":
        return _piece_response(request, evidence, member)
    permissions.require(member, "attach_evidence")
    typed = typed_evidence(request.POST)
    version = request.POST.get("base_version", "")
    base = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1
    try:
        edit_evidence(
            evidence=evidence,
            kind=typed.kind,
            title=typed.title,
            **read_dates(request.POST),
            base_version=base,
            by=member,
        )
    except InvalidInput as refusal:
        return _piece_response(request, evidence, member, refusal.fields, typed, base=base)
    except SomebodySavedFirst as conflict:
        evidence.refresh_from_db()
        theirs = {
            "title": conflict.theirs.title,
            "validity": validity_in_words(conflict.theirs, language()),
        }
        return _piece_response(request, evidence, member, {}, typed, theirs=theirs)
    messages.success(request, _("The piece is saved."))
    return redirect("evidence_piece", evidence.pk)


def _piece_response(
    request: HttpRequest,
    evidence: Evidence,
    member: Membership,
    errors: dict[str, Sentence] | None = None,
    typed: EvidenceDraft | None = None,
    *,
    newer: EvidenceDraft | None = None,
    theirs: dict[str, str] | None = None,
    base: int | None = None,
) -> HttpResponse:
    page = piece_page(evidence, member, language())
    shown = request.GET.get("page", "1")
    number = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 6 else 1
    stored = EvidenceDraft(
        kind=evidence.kind,
        title=evidence.title,
        effective_on=evidence.effective_on.isoformat() if evidence.effective_on else "",
        expires_on=evidence.expires_on.isoformat() if evidence.expires_on else "",
    )
    context = {
        "firm": member.firm,
        "evidence": evidence,
        "page": page,
        "typed": typed or stored,
        "base_version": evidence.version if base is None else base,
        "theirs": theirs,
        "errors": {} if newer else errors or {},
        "newer": newer or EvidenceDraft(title=evidence.title),
        "newer_errors": (errors or {}) if newer else {},
        "types_taken": TYPES_TAKEN,
        "preview": min(max(number, 1), page.preview_pages),
    }
    status = 412 if theirs else 422 if errors else 200
    return render(request, "compliance/evidence/piece.html", context, status=status)


@require_POST
@login_required
def replace(request: HttpRequest, evidence_id: UUID) -> HttpResponse:
    """A newer version; the older one stays for what it served."""
    evidence, member = _piece_or_404(request, evidence_id)
    permissions.require(member, "attach_evidence")
    typed = typed_evidence(request.POST)
    try:
        newer = replace_evidence(
            evidence=evidence,
            upload=request.FILES.get("file"),
            url=typed.url,
            title=typed.title,
            **read_dates(request.POST),
            by=member,
        )
    except InvalidInput as refusal:
        return _piece_response(request, evidence, member, refusal.fields, newer=typed)
    messages.success(request, _("The newer version has taken over wherever answers are open."))
    return redirect("evidence_piece", newer.pk)


@require_POST
@login_required
def places(request: HttpRequest, evidence_id: UUID) -> HttpResponse:
    """Attach the piece to every requirement that is ticked, and take it away from the others."""
    evidence, member = _piece_or_404(request, evidence_id)
    permissions.require(member, "attach_evidence")
    before, wanted = _places(request.POST, "was"), _places(request.POST, "use")
    set_places(evidence=evidence, attach=wanted - before, detach=before - wanted, by=member)
    count = EvidenceUse.objects.filter(evidence=evidence).count()
    said = ngettext(
        "It serves %(n)d requirement now.", "It serves %(n)d requirements now.", count
    ) % {"n": count}
    messages.success(request, said)
    return redirect("evidence_piece", evidence.pk)


def _places(data: QueryDict, name: str) -> set[Place]:
    places: set[Place] = set()
    for text in data.getlist(name):
        assessment_id, _colon, requirement_id = text.partition(":")
        try:
            places.add((UUID(assessment_id), requirement_id))
        except ValueError:
            raise InvalidInput(
                {"use": _("Choose requirements from the list on the page.")}
            ) from None
    return places


@require_POST
@login_required
def remove(request: HttpRequest, evidence_id: UUID) -> HttpResponse:
    """Take a piece out of the library that serves nothing and was never submitted."""
    evidence, member = _piece_or_404(request, evidence_id)
    permissions.require(member, "attach_evidence")
    remove_evidence(evidence=evidence, by=member)
    messages.success(request, _("“%(title)s” is removed.") % {"title": evidence.title})
    return redirect("evidence_library", member.firm_id)


@require_GET
@login_required
def preview(request: HttpRequest, evidence_id: UUID, page: int) -> HttpResponse:
    """A picture of one page, drawn by us: nothing of the file itself reaches the browser."""
    evidence = get_object_or_404(Evidence.objects.visible_to(signed_in(request)), pk=evidence_id)
    if not 1 <= page <= preview_pages(evidence):
        raise Http404(_("There is no such page."))
    try:
        with evidence.file.open("rb") as stored:
            if evidence.media_type == "application/pdf":
                picture, media_type = process.draw_page(stored.chunks(), page), "image/png"
            else:
                picture, media_type = process.redraw(stored.chunks()), "image/jpeg"
    except (OSError, process.Unreadable):
        raise Http404(_("This file cannot be shown here. Download it.")) from None
    response = HttpResponse(picture, content_type=media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response


urlpatterns: list[URLPattern] = [
    path("firms/<uuid:firm_id>/evidence/", library, name="evidence_library"),
    path("evidence/<uuid:evidence_id>/", piece, name="evidence_piece"),
    path("evidence/<uuid:evidence_id>/replace/", replace, name="evidence_replace"),
    path("evidence/<uuid:evidence_id>/places/", places, name="evidence_places"),
    path("evidence/<uuid:evidence_id>/remove/", remove, name="evidence_remove"),
    path("evidence/<uuid:evidence_id>/preview/<int:page>/", preview, name="evidence_preview"),
]
