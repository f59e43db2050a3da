"""A framework imported from OSCAL is assessed the same way as the plan, from start to report."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from checklists import Text
from checklists.engine import loader
from compliance.models import Assessment, Membership, Submission
from compliance.reports.words import words
from compliance.services.answers import save_answer
from compliance.services.assessments import start_assessment
from compliance.services.review import accept_assessment, record_determination
from tests import factories
from tests.checklists.oscal import catalog
from tests.compliance.api.calls import api_of, json_of, problem_of
from tests.compliance.reports.reading import text_of

FRAMEWORK = "ground_segment"
ACCOUNTS = "ground_segment.c.ac_2"


@pytest.fixture
def framework(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A framework of five controls beside the plan; its id."""
    file = tmp_path / "controls.json"
    file.write_text(json.dumps(catalog()), encoding="utf-8")
    folder = tmp_path / "frameworks"
    call_command("catalogue", "import", str(file), "--id", FRAMEWORK, "--out", str(folder))
    monkeypatch.setattr(loader, "_frameworks", folder)
    return FRAMEWORK


@pytest.fixture
def draft(framework: str, ada: Membership) -> Assessment:
    return start_assessment(
        firm=ada.firm,
        title="Ground segment 2026",
        as_of=factories.AS_OF,
        roles=[],
        by=ada,
        catalogue_id=framework,
    )


@pytest.fixture
def submission(draft: Assessment, ada: Membership, ben: Membership) -> Submission:
    for name in loader.load_catalogue(FRAMEWORK).requirements:
        save_answer(
            assessment=draft, requirement_id=name, value="partly", base_version=None, by=ben
        )
    return factories.submitted(draft, ada)


def client_of(member: Membership) -> Client:
    client = Client()
    client.force_login(member.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def opened(member: Membership, name: str, **kwargs: object) -> str:
    """The page as this person sees it, in both languages."""
    client = client_of(member)
    for language in ("zh-hans", "en"):
        response = client.get(reverse(name, kwargs=kwargs), headers={"Accept-Language": language})
        assert response.status_code == 200, (name, language, response.status_code)
    return response.content.decode()


def test_a_draft_is_answered_without_facts(
    draft: Assessment, ada: Membership, ben: Membership
) -> None:
    assert draft.catalogue_edition == "Rev.-2"
    client = client_of(ben)
    response = client.get(reverse("assessment_facts", args=[draft.pk]))
    assert response["Location"] == reverse("assessment_tasks", args=[draft.pk])
    tasks = opened(ada, "assessment_tasks", assessment_id=draft.pk)
    assert "Ground Segment Security Controls" in tasks
    assert "AC-2(1)" in tasks
    assert reverse("assessment_facts", args=[draft.pk]) not in tasks
    page = opened(ben, "requirement", assessment_id=draft.pk, requirement_id=ACCOUNTS)
    assert "Is “AC-2 Account management” in place?" in page
    assert reverse("catalogue_requirement", args=[ACCOUNTS]) not in page
    assert "b. Closes accounts [one or more of: within 90 days; at once]." in page
    saved = client.post(
        reverse("answer_save", args=[draft.pk, ACCOUNTS]), {"value": "yes", "base_version": 0}
    )
    assert saved.status_code in (200, 302)
    check = opened(ada, "assessment_check", assessment_id=draft.pk)
    assert "AC-3" in check
    for name in ("assessment_submissions", "audit_trail"):
        opened(ada, name, assessment_id=draft.pk)
    opened(ada, "firm_home", firm_id=ada.firm_id)


def test_a_program_starts_one_by_its_framework_and_takes_it_along(
    framework: str, ada: Membership
) -> None:
    api = api_of(ada.user)
    body = {
        "firm": str(ada.firm_id),
        "title": "Ground segment 2026",
        "as_of": "2026-11-20",
        "catalogue_id": framework,
    }
    started = json_of(api.post("assessments/", body), 201)
    assert started["catalogue"] == framework
    place = f"assessments/{started['id']}/"
    json_of(api.put(f"{place}answers/{ACCOUNTS}/", {"value": "yes"}, If_Match='"0"'))
    document = json_of(api.get(f"{place}export/"))
    imported = json_of(api.post(f"firms/{ada.firm_id}/assessments/import/", document), 201)
    again = json_of(api.get(f"assessments/{imported['assessment']['id']}/export/"))
    assert again == document
    for wrong in ("nothing", "../cnsa_2025_2027", ""):
        refused = problem_of(
            api.post("assessments/", {**body, "catalogue_id": wrong}), 422, "invalid"
        )
        assert set(refused["fields"]) == {"catalogue_id"}
    plan = {**body, "catalogue_id": "cnsa_2025_2027"}
    assert "roles" in problem_of(api.post("assessments/", plan), 422, "invalid")["fields"]
    for part in ("references", "glossary", "regions", "requirements"):
        json_of(api.get(f"catalogues/{framework}/{part}/"))


def test_a_submission_is_reviewed_accepted_and_reported(
    submission: Submission, ada: Membership, cleo: Membership
) -> None:
    content = submission.content
    assert content["catalogue"]["id"] == FRAMEWORK
    row = next(row for row in content["requirements"] if row["requirement"] == ACCOUNTS)
    assert row["clause_shown"] == {"en": "Control AC-2", "zh_hans": "控制项AC-2"}
    assert content["evaluation"]["scores"]["claimed"]["duty"] == "50.0"
    opened(cleo, "desk")
    review = opened(cleo, "review", submission_id=submission.pk)
    assert "Access Control" in review


def test_the_report_speaks_of_the_framework_and_not_of_the_plan(
    submission: Submission, cleo: Membership, tmp_path: Path
) -> None:
    for row in submission.content["requirements"]:
        record_determination(
            submission=submission,
            requirement_id=row["requirement"],
            outcome="met",
            comment="Seen.",
            by=cleo,
        )
    accept_assessment(submission=submission, statement="Looked at.", by=cleo)
    out = tmp_path / "report.pdf"
    call_command("report", str(submission.pk), "--out", str(out), stdout=io.StringIO())
    said = text_of(out)
    assert "Self-assessment against: Ground Segment Security Controls" in said
    assert "AC-2(1)" in said
    for word in ("CNSA", "22 measures", "Plan, measure"):
        assert word not in said
    chinese = words("zh-hans", Text("Controls"))
    assert not [name for name, text in chinese.items() if "行动计划" in text or "22项" in text]


def test_a_framework_is_chosen_when_an_assessment_starts(framework: str, ada: Membership) -> None:
    client, url = client_of(ada), reverse("assessment_start", args=[ada.firm_id])
    page = opened(ada, "assessment_start", firm_id=ada.firm_id)
    assert "5 requirements" in page
    values = {"title": "Ground segment 2026", "as_of": "2026-11-20"}
    for chosen, status in (("nothing", 422), ("cnsa_2025_2027", 422), (framework, 302)):
        response = client.post(url, {**values, "catalogue_id": chosen})
        assert response.status_code == status, chosen
    started = Assessment.objects.get()
    assert (started.catalogue_id, started.facts) == (framework, {})
    response = client.post(
        url, {**values, "roles": "satellite_operator", "copy_from": str(started.pk)}
    )
    assert response.status_code == 422
    assert "Choose an assessment by the same framework." in response.content.decode()


def test_a_framework_that_is_gone_is_said_and_not_a_fault_of_the_site(
    draft: Assessment, ada: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loader, "_frameworks", None)
    # The edition it was started with is kept; an assessment without one has no rules left.
    assert "AC-2(1)" in opened(ada, "assessment_tasks", assessment_id=draft.pk)
    Assessment.objects.update(catalogue_digest="")
    response = client_of(ada).get(reverse("assessment_tasks", args=[draft.pk]))
    assert response.status_code == 503
    assert "The framework ground_segment was removed or is broken." in response.content.decode()
