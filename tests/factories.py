"""Rows for tests; a state is reached by the services a user would call."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from compliance.demo import answer_all
from compliance.models import Assessment, Firm, Membership, Role, Submission, User
from compliance.services.assessments import save_facts, start_assessment, submit_assessment

PASSWORD = "correct horse battery"
AS_OF = date(2026, 11, 20)
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
# A small satellite operator: everything is known, so nothing is undetermined.
FACTS: dict[str, Any] = {
    "firm.roles": ["satellite_operator"],
    "firm.regions": ["hainan"],
    "firm.size": "small",
    "firm.staff": 40,
    "firm.has_foreign_investors": False,
    "firm.secrecy": [],
    "firm.designations": [],
    "firm.practices": [],
    "firm.facilities_planned": [],
    "firm.test_facilities": [],
    "firm.hazards": [],
    "firm.road_transport": [],
    "mission.launch": "from_china",
    "mission.launch_window_from": "2027-03-12",
    "mission.launch_window_until": "2027-03-26",
    "mission.launch_places": ["land_site"],
    "mission.vehicle": [],
    "firm.makes_vehicle_or_energetic_parts": False,
    "mission.foreign_parties_in_launch": False,
    "mission.orbits": ["leo"],
    "mission.lowest_altitude_km": 520,
    "mission.satellite_mass_kg": 146,
    "mission.satellite_count": 1,
    "mission.constellation_filed": False,
    "mission.works_on_operation": True,
    "mission.activity_ends_on": "2031-12-31",
    "mission.end_of_flight": ["burns_up"],
    "mission.special_activities": [],
    "mission.radio": ["uses_frequencies"],
    "mission.direct_to_device": False,
    "firm.data_kinds": ["remote_sensing"],
    "firm.data_recipients": [],
    "firm.foreign_customers": False,
    "firm.exports": [],
}


def person(email: str, name: str = "Person") -> User:
    """Somebody who signs in with PASSWORD."""
    return User.objects.create_user(email, PASSWORD, name=name)


def firm(name: str) -> Firm:
    return Firm.objects.create(name=name)


def member(firm: Firm, role: Role, name: str) -> Membership:
    """A person of that name with that role in the firm."""
    user = person(f"{name.lower()}@demo.example", name)
    return Membership.objects.create(firm=firm, user=user, role=role)


def draft(manager: Membership, *, title: str = "DO-3 launch campaign", **facts: Any) -> Assessment:
    """An assessment with all its facts stated."""
    assessment = start_assessment(
        firm=manager.firm,
        title=title,
        as_of=AS_OF,
        roles=facts.get("firm.roles", FACTS["firm.roles"]),
        by=manager,
    )
    save_facts(assessment=assessment, values={**FACTS, **facts}, by=manager)
    return assessment


def answered(manager: Membership, by: Membership, **options: Any) -> Assessment:
    """A draft in which everything that applies is answered, with the evidence it needs."""
    assessment = draft(manager)
    answer_all(assessment, by=by, **options)
    return assessment


def submitted(assessment: Assessment, manager: Membership, *, key: str = "") -> Submission:
    """The submission of an assessment that is ready for it."""
    return submit_assessment(
        assessment=assessment,
        name=manager.user.name,
        position="Head of compliance",
        statement="Checked.",
        by=manager,
        idempotency_key=key,
    )


def pdf(name: str = "policy.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    """A small file that is a real PDF."""
    return SimpleUploadedFile(name, content, "application/pdf")


def next_year() -> date:
    return AS_OF + timedelta(days=365)
