"""The whole path through the API alone, from signing in to the accepted submission."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from checklists import load_catalogue
from compliance.canonical import digest_of
from compliance.demo import meeting_value
from compliance.models import Membership, Report
from tests import factories
from tests.compliance.api.calls import Api, json_of, problem_of

SCORE = re.compile(r"(100|[0-9]{1,2})(\.[0-9])?")


def signed_in(member: Membership) -> Api:
    api = Api()
    reply = api.post(
        "auth/token/", {"email": member.user.email.upper(), "password": factories.PASSWORD}
    )
    api.token = json_of(reply)["token"]
    return api


@pytest.mark.usefixtures("own_storage")
def test_a_firm_and_its_officer_do_everything_through_the_api(
    ada: Membership, ben: Membership, cleo: Membership, vera: Membership
) -> None:
    manager, contributor, officer = signed_in(ada), signed_in(ben), signed_in(cleo)

    # The rules.
    assert manager.all_of("catalogues/")[0]["id"] == "cnsa_2025_2027"
    head = json_of(manager.get("catalogues/cnsa_2025_2027/?lang=zh-hans"))
    assert head["title"].startswith("国家航天局")
    assert {fact["name"] for fact in head["facts"]} >= set(factories.FACTS)
    rules = manager.all_of("catalogues/cnsa_2025_2027/requirements/?limit=60")
    assert len(rules) >= 140
    assert rules[0] == json_of(
        manager.get(f"catalogues/cnsa_2025_2027/requirements/{rules[0]['id']}/")
    )

    # The firm, the assessment, the facts.
    firm = manager.all_of("firms/")[0]
    assert json_of(manager.get(f"firms/{firm['id']}/")) == firm
    started = json_of(
        manager.post(
            "assessments/",
            {
                "firm": firm["id"],
                "title": "DO-3",
                "as_of": factories.AS_OF.isoformat(),
                "roles": ["satellite_operator"],
            },
        ),
        201,
    )
    place = f"assessments/{started['id']}/"
    assert started["status"] == "draft"
    saved = json_of(manager.put(f"{place}facts/", {"facts": factories.FACTS}))
    assert saved["newly_applies"]
    assert saved["undetermined"] == []
    rows = manager.all_of(f"{place}requirements/?applicability=applies")
    assert [row["requirement"] for row in rows] == saved["applies"]

    # Answers with their evidence; the file goes out as it came in.
    catalogue = load_catalogue()
    for row in rows:
        requirement = catalogue.requirements[row["requirement"]]
        value = meeting_value(catalogue, requirement)
        reply = contributor.put(
            f"{place}answers/{requirement.id}/", {"value": value}, If_Match=row["etag"]
        )
        assert json_of(reply)["version"] == 1
        assert reply.headers["ETag"] == '"1"'
        for spec in requirement.evidence:
            if spec.required:
                attach(contributor, place, requirement.id, spec.kind)
    pieces = contributor.all_of(f"{place}evidence/?limit=7")
    download = contributor.get(pieces[0]["download"])
    content = b"".join(download.streaming_content)  # type: ignore[attr-defined]
    assert hashlib.sha256(content).hexdigest() == pieces[0]["sha256"]

    # Nothing stops it: submit.
    assert manager.all_of(f"{place}problems/") == []
    submission = json_of(
        manager.post(f"{place}submit/", {"statement": "Checked."}, Idempotency_Key="k1"), 201
    )
    again = manager.post(f"{place}submit/", {"statement": "Checked."}, Idempotency_Key="k1")
    assert json_of(again, 201) == submission
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (submission["number"], submission["status"]) == (1, "submitted")
    assert submission["band"] == "ready"
    assert SCORE.fullmatch(submission["scores"]["claimed"]["duty"])
    assert submission["blockers"] == []

    # The officer: one to be redone, returned; then everything, accepted.
    handed_in = f"submissions/{submission['id']}/"
    name = rows[0]["requirement"]
    reply = officer.put(
        f"{handed_in}determinations/{name}/",
        {"outcome": "partly_met", "comment": "Which year?", "opens_again": True},
    )
    assert json_of(reply)["outcome"] == "partly_met"
    finding = json_of(
        officer.post(
            f"{handed_in}findings/",
            {
                "requirement": name,
                "severity": "minor",
                "missing": "The year.",
                "due_on": factories.next_year().isoformat(),
            },
        ),
        201,
    )
    assert officer.all_of(f"{handed_in}findings/") == [finding]
    returned = json_of(officer.post(f"{handed_in}return/", {"comment": "One question."}))
    assert returned["status"] == "returned"
    assert returned["scores"]["confirmed"]["duty"] is not None
    answer = json_of(contributor.get(f"{place}answers/{name}/"))
    contributor.put(
        f"{place}answers/{name}/", {"value": answer["value"], "note": "2026."}, If_Match='"1"'
    )
    second = json_of(manager.post(f"{place}submit/", {"statement": "Now with the year."}), 201)
    assert second["number"] == 2
    handed_in = f"submissions/{second['id']}/"
    assert json_of(officer.post(f"{handed_in}confirm/", {}))["confirmed"] > 0
    accepted = json_of(officer.post(f"{handed_in}accept/", {"statement": "Good."}))
    assert accepted["status"] == "accepted"
    now = json_of(manager.get(place))
    assert (now["status"], now["submission"]) == ("accepted", second["id"])
    assert now["version"] > started["version"]
    whole = json_of(signed_in(vera).get(handed_in))
    assert whole["digest"] == digest_of(whole["content"])
    assert len(whole["evaluations"]) == len(whole["content"]["requirements"])
    assert [each["id"] for each in manager.all_of("submissions/?limit=1")] == [
        second["id"],
        submission["id"],
    ]

    # The report: asked for, made (here by hand), downloaded; and the exports.
    asked = json_of(manager.post(f"{handed_in}reports/", {"kind": "summary", "lang": "en"}), 202)
    assert (asked["status"], asked["progress"], asked["sha256"]) == ("requested", 0, None)
    problem_of(manager.get(f"reports/{asked['id']}/download/"), 404, "not_found")
    make(asked["id"])
    ready = json_of(manager.get(f"reports/{asked['id']}/"))
    assert ready["status"] == "ready"
    held = {"code": ready["code"].lower(), "sha256": ready["sha256"]}
    checked = json_of(Api().get(f"verify/?code={held['code']}&sha256={held['sha256']}"))
    assert (checked["is_genuine"], checked["issued"]["sha256"]) == (True, ready["sha256"])
    assert json_of(Api().get(f"verify/?sha256={'1' * 64}")) == {"issued": None, "is_genuine": False}
    problem_of(Api().get("verify/?sha256=x"), 400, "malformed")
    pdf = manager.get(ready["download"], Accept="application/pdf")
    assert pdf.headers["Content-Type"] == "application/pdf"
    table = manager.get(f"{handed_in}export/?format=csv").content.decode()
    assert table.count("cnsa.m") >= len(whole["evaluations"])
    assert json.loads(manager.get(f"{handed_in}export/?format=json").content) == whole


def attach(api: Api, place: str, requirement: str, kind: str) -> None:
    fields: dict[str, Any] = {
        "requirement": requirement,
        "kind": kind,
        "file": SimpleUploadedFile(f"{kind}.pdf", factories.PDF, "application/pdf"),
        "effective_on": "2026-01-01",
        "expires_on": "2033-01-01",
    }
    assert json_of(api.upload(f"{place}evidence/", fields), 201)["requirements"] == [requirement]


def make(report_id: str) -> None:
    report = Report.objects.get(pk=report_id)
    report.file.save("r.pdf", ContentFile(factories.PDF), save=False)
    report.status, report.sha256, report.pages = Report.Status.READY, "0" * 64, 1
    report.save()
