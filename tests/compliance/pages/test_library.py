"""The pages of the evidence library: list and filters, several files at once, one piece."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from compliance import clock
from compliance.models import Assessment, Evidence, EvidenceUse, Membership
from compliance.services.evidence import add_evidence, attach_evidence
from tests import factories
from tests.compliance.services import files

POLICY = "cnsa.m18.third_party_policy_in_force"
SANDBOX = "sandbox; default-src 'none'"


@pytest.fixture(autouse=True)
def own_folder(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }


@pytest.fixture
def as_ben(client: Client, ben: Membership) -> Client:
    client.force_login(ben.user)
    return client


@pytest.fixture
def library(ben: Membership) -> str:
    return reverse("evidence_library", args=[ben.firm_id])


def add(by: Membership, name: str = "a.pdf", **given: Any) -> Evidence:
    return add_evidence(firm=by.firm, upload=factories.pdf(name), by=by, **given)


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return str(response.content.decode())


def test_the_list_is_searched_and_narrowed_in_the_address(
    as_ben: Client, ben: Membership, assessment: Assessment, library: str
) -> None:
    today = clock.today()
    add(ben, "old policy.pdf", kind="insurance_policy", expires_on=today - timedelta(days=1))
    add(ben, "续保.pdf", kind="insurance_policy", expires_on=today + timedelta(days=9))
    add(ben, "loose.pdf")
    page = text(as_ben.get(library))
    assert page.index("loose.pdf") < page.index("续保.pdf") < page.index("old policy.pdf")
    assert "Expires in 9 days" in page
    for asked, found in (
        ({"state": "expired"}, ["old policy.pdf"]),
        ({"state": "ends_soon"}, ["续保.pdf"]),
        ({"state": "unsorted"}, ["loose.pdf"]),
        ({"kind": "insurance_policy"}, ["old policy.pdf", "续保.pdf"]),
        ({"q": "续保"}, ["续保.pdf"]),
        ({"q": "LIABILITY"}, ["old policy.pdf", "续保.pdf"]),  # a word of the kind
        ({"q": "nothing\x00like this", "page": "99", "state": "banana"}, []),
    ):
        narrowed = text(as_ben.get(library, asked))
        for name in ("old policy.pdf", "续保.pdf", "loose.pdf"):
            assert (f">{name}</a>" in narrowed) is (name in found), (asked, name)
    partial = text(as_ben.get(library, headers={"HX-Request": "true"}))
    assert partial.startswith('<section id="library"')


def test_the_pages_ask_few_questions_of_the_database(
    as_ben: Client,
    ben: Membership,
    answered_assessment: Assessment,
    library: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    use = EvidenceUse.objects.filter(requirement=POLICY).get()
    with django_assert_max_num_queries(12):
        assert "Page 1 of" in text(as_ben.get(library))
    with django_assert_max_num_queries(12):
        page = text(as_ben.get(reverse("evidence_piece", args=[use.evidence_id])))
    assert f'value="{answered_assessment.pk}:{POLICY}" checked' in page


def test_several_files_are_sent_at_once_and_each_refusal_is_told(
    as_ben: Client, library: str
) -> None:
    sent = [
        factories.pdf("one.pdf"),
        SimpleUploadedFile("bad.exe", b"MZ"),
        factories.pdf("two.pdf"),
    ]
    fields = {"kind": "insurance_policy", "effective_on": "2026-01-01", "expires_on": "2027-01-01"}
    page = text(as_ben.post(library, {"file": sent, **fields}, follow=True))
    assert "2 pieces are added." in page
    assert "“.exe” files are not taken." in page
    kept = Evidence.objects.values_list("filename", "kind", "expires_on")
    expected = ("insurance_policy", date(2027, 1, 1))
    assert sorted(kept) == [("one.pdf", *expected), ("two.pdf", *expected)]
    wrong = {"url": "https://example.org/x", "effective_on": "tomorrow", "title": "My link"}
    page = text(as_ben.post(library, wrong), 422)
    assert 'value="https://example.org/x"' in page
    assert 'value="My link"' in page
    assert "Choose a file, or write a link." in text(as_ben.post(library, {}), 422)


def test_a_script_is_told_of_each_file_in_json(as_ben: Client, library: str) -> None:
    headers = {"Accept": "application/json"}
    added = as_ben.post(library, {"file": factories.pdf("<b>.pdf")}, headers=headers)
    assert (added.status_code, added.json()["title"]) == (201, "<b>.pdf")
    assert added.json()["url"] == reverse("evidence_piece", args=[Evidence.objects.get().pk])
    refused = as_ben.post(library, {"file": factories.pdf("x.pdf", b"x")}, headers=headers)
    assert refused.status_code == 422
    assert "not a readable PDF" in refused.json()["error"]


def test_a_piece_is_corrected_attached_replaced_and_removed(
    as_ben: Client, ben: Membership, assessment: Assessment
) -> None:
    piece = add(ben)
    address = reverse("evidence_piece", args=[piece.pk])
    said = {"kind": "insurance_policy", "title": "Policy", "effective_on": "2027-02-01"}
    page = text(
        as_ben.post(address, {**said, "expires_on": "2027-01-01", "base_version": "1"}), 422
    )
    assert "before it begins" in page
    assert 'value="Policy"' in page
    fine = {**said, "effective_on": "", "expires_on": "2027-12-31", "base_version": "1"}
    assert as_ben.post(address, fine).status_code == 302
    page = text(as_ben.post(address, {**fine, "title": "Another title"}), 412)
    assert "Somebody changed this piece before you." in page
    assert 'name="base_version" value="2"' in page
    assert 'value="Another title"' in page

    places = reverse("evidence_places", args=[piece.pk])
    here = f"{assessment.pk}:{POLICY}"
    assert "It serves 1 requirement now." in text(as_ben.post(places, {"use": here}, follow=True))
    assert "Say first" not in text(as_ben.get(address))
    assert text(as_ben.post(places, {"use": "banana"}), 422)
    as_ben.post(places, {"was": here})
    assert not EvidenceUse.objects.exists()

    replace = reverse("evidence_replace", args=[piece.pk])
    page = text(as_ben.post(replace, {"file": factories.pdf("x.exe"), "title": "Renewal"}), 422)
    assert "files are not taken" in page
    as_ben.post(replace, {"file": factories.pdf("renewal.pdf"), "title": "Renewal"})
    newer = Evidence.objects.get(title="Renewal")
    assert "This is an older version." in text(as_ben.get(address))
    assert text(as_ben.get(reverse("evidence_piece", args=[newer.pk]))).count("this one") == 1
    remove = reverse("evidence_remove", args=[newer.pk])
    assert "“Renewal” is removed." in text(as_ben.post(remove, follow=True))
    assert text(as_ben.post(remove), 404)


def test_a_preview_is_a_picture_that_can_do_nothing(
    as_ben: Client, ben: Membership, assessment: Assessment
) -> None:
    photo = add_evidence(firm=ben.firm, upload=files.upload("a.png", files.image("PNG")), by=ben)
    text_file = add_evidence(firm=ben.firm, upload=files.upload("a.txt", b"plain\n"), by=ben)
    for piece, media_type in ((add(ben), "image/png"), (photo, "image/jpeg")):
        shown = as_ben.get(reverse("evidence_preview", args=[piece.pk, 1]))
        assert (shown.status_code, shown["Content-Type"]) == (200, media_type)
        assert shown["Content-Security-Policy"] == SANDBOX
        assert shown["X-Content-Type-Options"] == "nosniff"
        assert text(as_ben.get(reverse("evidence_preview", args=[piece.pk, 2])), 404)
    assert text(as_ben.get(reverse("evidence_preview", args=[text_file.pk, 1])), 404)
    damaged = add(ben)
    damaged.file.storage.delete(str(damaged.file.name))
    assert text(as_ben.get(reverse("evidence_preview", args=[damaged.pk, 1])), 404)


def test_another_firm_sees_nothing_of_it(
    client: Client, dov: Membership, ben: Membership, assessment: Assessment, library: str
) -> None:
    piece = attach_evidence(
        assessment=assessment,
        requirement_id=POLICY,
        kind="insurance_policy",
        upload=factories.pdf(),
        by=ben,
    )
    client.force_login(dov.user)
    assert client.get(library).status_code == 404
    for name, args in (("piece", []), ("replace", []), ("places", []), ("preview", [1])):
        url = reverse(f"evidence_{name}", args=[piece.pk, *args])
        assert {client.get(url).status_code, client.post(url).status_code} <= {404, 405}
    own = add(dov)
    foreign = {"use": f"{assessment.pk}:{POLICY}"}
    assert client.post(reverse("evidence_places", args=[own.pk]), foreign).status_code == 422
    assert EvidenceUse.objects.count() == 1
