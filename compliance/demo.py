"""Invented people and firms to try the product with; only `manage.py demo` makes them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pikepdf
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils.translation import override

from checklists import Catalogue, Outcome, Requirement
from checklists.engine.model import AnswerKind, Applicability, Comparator, NumberCheck, Track
from compliance import audit, clock
from compliance.models import (
    Assessment,
    CorrectiveAction,
    Firm,
    Membership,
    Report,
    Role,
    Submission,
    User,
)
from compliance.selectors.evaluation import AssessmentState, evaluation_of
from compliance.services import corrective_actions
from compliance.services.answers import save_answer
from compliance.services.assessments import save_facts, start_assessment, submit_assessment
from compliance.services.corrective_actions import Step
from compliance.services.delegations import delegate
from compliance.services.discussion import add_comment, ask_for_discussion
from compliance.services.evidence import attach_evidence
from compliance.services.reports import request_report
from compliance.services.review import (
    accept_assessment,
    confirm_remaining,
    raise_finding,
    record_determination,
)

PASSWORD = "demo-tianheng"


@dataclass(frozen=True)
class Person:
    email: str
    name: str
    roles: Sequence[tuple[str, Role]]  # firm, role


ORBITAL, LAUNCH = "Demo Orbital Co.", "Demo Launch Co."
PEOPLE = (
    Person("manager@demo.example", "Lin Mei", [(ORBITAL, Role.MANAGER)]),
    Person("contributor@demo.example", "Zhou Wen", [(ORBITAL, Role.CONTRIBUTOR)]),
    Person("viewer@demo.example", "Sun Bo", [(ORBITAL, Role.VIEWER)]),
    Person("officer@demo.example", "Gao Yan", [(ORBITAL, Role.OFFICER), (LAUNCH, Role.OFFICER)]),
    Person("manager@other.example", "Chen Rui", [(LAUNCH, Role.MANAGER)]),
)
ROLES = {
    ORBITAL: ["satellite_manufacturer", "satellite_operator", "ttc_operator"],
    LAUNCH: ["launch_vehicle_maker", "launch_service_provider"],
}
_COMMON_FACTS: dict[str, Any] = {
    "firm.size": "medium",
    "firm.staff": 180,
    "firm.has_foreign_investors": False,
    "firm.secrecy": [],
    "firm.designations": [],
    "firm.practices": ["subcontracts", "uses_certificates", "public_tenders"],
    "firm.facilities_planned": [],
    "firm.test_facilities": ["hires_facility"],
    "mission.launch": "from_china",
    "mission.foreign_parties_in_launch": False,
    "firm.makes_vehicle_or_energetic_parts": False,
    "mission.works_on_operation": True,
    "firm.foreign_customers": True,
    "firm.exports": ["controlled_items"],
}
_FACTS: dict[str, dict[str, Any]] = {
    ORBITAL: {
        "firm.regions": ["beijing", "hainan"],
        "firm.hazards": ["special_equipment"],
        "firm.road_transport": [],
        "mission.launch_places": ["land_site"],
        "mission.vehicle": [],
        "mission.orbits": ["leo"],
        "mission.lowest_altitude_km": 520,
        "mission.satellite_mass_kg": 146,
        "mission.satellite_count": 8,
        "mission.constellation_filed": True,
        "mission.next_milestone": "year_2",
        "mission.end_of_flight": ["burns_up"],
        "mission.special_activities": [],
        "mission.radio": ["uses_frequencies", "earth_stations"],
        "mission.direct_to_device": False,
        "firm.data_kinds": ["remote_sensing", "imagery_finer_than_10m", "personal"],
        "firm.data_recipients": ["others_in_china"],
    },
    LAUNCH: {
        "firm.regions": ["shandong"],
        "firm.makes_vehicle_or_energetic_parts": True,
        "firm.hazards": ["hazardous_materials", "explosives", "special_equipment"],
        "firm.road_transport": ["dangerous_goods", "oversize_loads"],
        "mission.launch_places": ["sea_platform"],
        "mission.vehicle": ["reusable", "first_flight_or_immature"],
        "mission.end_of_flight": ["controlled_reentry"],
        "mission.special_activities": [],
    },
}


def make_demo() -> None:
    """People, two firms and six assessments in every stage; nothing where they already are."""
    if User.objects.filter(email=PEOPLE[0].email).exists():
        return
    with transaction.atomic(), override("en"):
        members = _people()
        for firm_name in (ORBITAL, LAUNCH):
            team = members[firm_name]
            manager = team[Role.MANAGER]
            writer = team.get(Role.CONTRIBUTOR, manager)
            _accepted(manager, writer, team[Role.OFFICER])
            _submitted(manager, writer)
            _draft(manager, writer)


def remove_demo() -> None:
    """Everything `make_demo` made, and all that was done in the demo firms since."""
    with transaction.atomic():
        for firm in Firm.objects.filter(name__in=[ORBITAL, LAUNCH]):
            reports = Report.objects.filter(submission__assessment__firm=firm)
            for row in (*firm.evidence.exclude(file=""), *reports.exclude(file="")):
                transaction.on_commit(_file_removal(row.file), robust=True)
            audit.remove_trail(firm)
            Submission.objects.filter(assessment__firm=firm).delete()
            Assessment.objects.filter(firm=firm).delete()
            firm.delete()
        User.objects.filter(email__in=[person.email for person in PEOPLE]).delete()


def _file_removal(file: Any) -> Callable[[], None]:
    return lambda: file.storage.delete(file.name)


def _people() -> dict[str, dict[Role, Membership]]:
    firms = {name: Firm.objects.create(name=name) for name in (ORBITAL, LAUNCH)}
    members: dict[str, dict[Role, Membership]] = {name: {} for name in firms}
    for person in PEOPLE:
        user = User.objects.create_user(person.email, PASSWORD, name=person.name)
        for firm_name, role in person.roles:
            members[firm_name][role] = Membership.objects.create(
                firm=firms[firm_name], user=user, role=role
            )
    return members


def _start(manager: Membership, title: str, *, as_of: date) -> Assessment:
    firm = manager.firm
    assessment = start_assessment(
        firm=firm, title=title, as_of=as_of, roles=ROLES[firm.name], by=manager
    )
    window = as_of + timedelta(days=120)
    values = {
        **_COMMON_FACTS,
        **_FACTS[firm.name],
        "mission.launch_window_from": window.isoformat(),
        "mission.launch_window_until": (window + timedelta(days=14)).isoformat(),
        "mission.activity_ends_on": (window + timedelta(days=1600)).isoformat(),
    }
    save_facts(assessment=assessment, values=values, by=manager)
    return assessment


def _accepted(manager: Membership, writer: Membership, officer: Membership) -> None:
    assessment = _start(manager, "Whole firm 2025", as_of=clock.today() - timedelta(days=240))
    answer_all(assessment, by=writer, weak_share=9)
    submission = submit_assessment(
        assessment=assessment,
        name=manager.user.name,
        position="Head of compliance",
        statement="Answers were collected from all departments and checked by me.",
        by=manager,
    )
    confirm_remaining(submission=submission, by=officer)
    confirmed = set(submission.determinations.values_list("requirement", flat=True))
    gap_words = "The answer is right as it stands; close the gap before the next round."
    for row in submission.content["requirements"]:
        is_determinable = row["outcome"] in {"met", "partly_met", "not_met"}
        if is_determinable and row["requirement"] not in confirmed:
            comment = "" if row["outcome"] == "met" else gap_words
            record_determination(
                submission=submission,
                requirement_id=row["requirement"],
                outcome=row["outcome"],
                comment=comment,
                by=officer,
            )
    gaps = [r for r in submission.content["requirements"] if r["outcome"] == "partly_met"]
    for gap, days in zip(gaps, (45, 20, 90), strict=False):
        raise_finding(
            submission=submission,
            requirement_id=gap["requirement"],
            severity="major",
            missing="The part that is still open has no owner and no date.",
            due_on=clock.today() + timedelta(days=days),
            by=officer,
        )
    accept_assessment(
        submission=submission,
        statement="Reviewed against the evidence attached. The finding is to be closed in time.",
        by=officer,
    )
    _work_on_findings(submission, manager, writer)
    request_report(submission=submission, kind="full", lang="en", by=manager)


def _work_on_findings(submission: Submission, manager: Membership, writer: Membership) -> None:
    """The first finding is planned and in progress, the second is done, the third waits."""
    actions = CorrectiveAction.objects.filter(finding__submission=submission)
    found = actions.select_related("firm", "finding", "assessment").order_by("finding__number")
    today = clock.today()
    for action, is_done in zip(found, (False, True), strict=False):
        corrective_actions.update_action(
            action=action,
            owner=writer.user,
            cost="12500.00",
            milestones=[
                Step("Draft written", today - timedelta(days=6), today - timedelta(days=5)),
                Step("Signed", today + timedelta(days=12), today if is_done else None),
            ],
            by=manager,
        )
        corrective_actions.start(action=action, by=writer)
        if is_done:
            note = "Signed and filed; the department keeps the original."
            corrective_actions.finish(action=action, note=note, by=writer)


def _submitted(manager: Membership, writer: Membership) -> None:
    title = "Ground network 2026" if manager.firm.name == ORBITAL else "Sea launch 2026"
    assessment = _start(manager, title, as_of=clock.today() - timedelta(days=12))
    answer_all(assessment, by=writer, weak_share=6)
    submit_assessment(
        assessment=assessment,
        name=manager.user.name,
        position="Head of compliance",
        statement="The debris mitigation plan is in internal review.",
        by=manager,
    )


def _draft(manager: Membership, writer: Membership) -> None:
    title = "DO-3 launch campaign 2027" if manager.firm.name == ORBITAL else "LV-2 maiden flight"
    assessment = _start(manager, title, as_of=clock.today())
    answer_all(assessment, by=writer, weak_share=5, unanswered_share=4)
    _work_together(assessment, manager, writer)


def _work_together(assessment: Assessment, manager: Membership, writer: Membership) -> None:
    """Some of what is open is in somebody's hands, and one thing is talked about."""
    blocking = [row.requirement for row in evaluation_of(assessment).evaluation.blockers]
    for days, name in zip((4, 11, 25), blocking, strict=False):
        delegate(
            assessment=assessment,
            requirement_ids=[name],
            to=writer if days < 20 else manager,
            due_on=clock.today() + timedelta(days=days),
            by=manager,
        )
    add_comment(
        assessment=assessment,
        requirement_id=blocking[0],
        text=f"@{writer.user.name} can we attach the signed page this week?",
        by=manager,
    )
    ask_for_discussion(assessment=assessment, requirement_id=blocking[0], by=manager)


def answer_all(
    assessment: Assessment, *, by: Membership, weak_share: int = 0, unanswered_share: int = 0
) -> None:
    """Answer what applies, with evidence; every n-th weakly or not at all, 0 for none."""
    state = evaluation_of(assessment)
    for name, row in state.evaluation.rows.items():
        if row.applicability is not Applicability.APPLIES:
            continue
        requirement = state.catalogue.requirements[name]
        lot = int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
        if unanswered_share and lot % unanswered_share == 1:
            if lot % 3 == 0:
                flag = "dont_know" if lot % 2 else "come_back"
                save_answer(
                    assessment=assessment, requirement_id=name, flag=flag, base_version=0, by=by
                )
            continue
        is_weak = bool(weak_share) and lot % weak_share == 0
        value = weak_value(requirement) if is_weak else meeting_value(state.catalogue, requirement)
        note = "Agreed in principle; the signed page follows." if is_weak else ""
        save_answer(
            assessment=assessment,
            requirement_id=name,
            value=value,
            note=note,
            base_version=0,
            by=by,
        )
        for position, spec in enumerate(requirement.evidence):
            if (spec.required and not is_weak) or (position == 0 and lot % 4 == 0):
                attach_evidence(
                    assessment=assessment,
                    requirement_id=name,
                    kind=spec.kind,
                    title=state.catalogue.evidence_kinds[spec.kind].en,
                    upload=small_pdf(spec.kind, state),
                    effective_on=assessment.as_of - timedelta(days=200),
                    expires_on=assessment.as_of + timedelta(days=2000),
                    by=by,
                )


def meeting_value(catalogue: Catalogue, requirement: Requirement) -> str:
    """An answer that meets the requirement, best practice included, in its JSON form."""
    match requirement.answer.kind:
        case AnswerKind.YES_PARTLY_NO:
            return "yes"
        case AnswerKind.DOCUMENT:
            return "in_place"
        case AnswerKind.CHOICE:
            return next(o.id for o in requirement.answer.options if o.outcome is Outcome.MET)
        case AnswerKind.NUMBER if isinstance(requirement.check, NumberCheck):
            return _meeting_number(catalogue, requirement.check)
    raise ValueError(requirement.id)


def _meeting_number(catalogue: Catalogue, check: NumberCheck) -> str:
    names = [check.parameter, *([check.best_practice.parameter] if check.best_practice else [])]
    limits = [value.value for name in names for value in catalogue.parameters[name].values]
    if check.comparator is Comparator.AT_LEAST:
        return str(max(limits))
    if check.comparator is Comparator.ABOVE:
        return str(max(limits) + 1)
    if check.comparator is Comparator.BELOW:
        return format(min(limits) / Decimal(10), "f")
    return str(min(limits))


def weak_value(requirement: Requirement) -> str:
    """An answer that does not meet the requirement in full; a breach only where nothing blocks."""
    match requirement.answer.kind:
        case AnswerKind.YES_PARTLY_NO:
            return "no" if requirement.track is Track.OPPORTUNITY else "partly"
        case AnswerKind.DOCUMENT:
            return "in_place" if requirement.track is Track.DUTY else "not_in_place"
        case AnswerKind.CHOICE:
            weak = [o.id for o in requirement.answer.options if o.outcome is not Outcome.MET]
            return weak[0] if weak else requirement.answer.options[0].id
    low, high = requirement.answer.min, requirement.answer.max
    if isinstance(requirement.check, NumberCheck) and requirement.check.comparator in {
        Comparator.AT_LEAST,
        Comparator.ABOVE,
    }:
        return str(low if low is not None else 0)
    return str(high if high is not None else 1000)


def small_pdf(kind: str, state: AssessmentState) -> SimpleUploadedFile:
    """A real, empty page; what the demo attaches as evidence."""
    pdf = pikepdf.new()
    pdf.add_blank_page(page_size=(595, 842))
    pdf.docinfo["/Title"] = f"{kind} {state.assessment.pk}"
    content = io.BytesIO()
    pdf.save(content, deterministic_id=True, compress_streams=False)
    return SimpleUploadedFile(f"{kind}.pdf", content.getvalue(), "application/pdf")
