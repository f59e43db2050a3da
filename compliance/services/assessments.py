"""Starting an assessment, stating its facts, handing it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from checklists import (
    AssessmentEvaluation,
    Catalogue,
    CatalogueError,
    InvalidValue,
    load_catalogue,
    parse_fact,
)
from checklists import serialize_value as as_json
from checklists.engine.loader import DEFAULT_CATALOGUE
from checklists.engine.model import MissionDate
from compliance import audit, clock, permissions, workflow
from compliance.canonical import digest_of
from compliance.errors import (
    AnswerLocked,
    AssessmentNotReady,
    InvalidInput,
    KeyUsedForOther,
    SomebodySavedFirst,
    TransitionNotAllowed,
)
from compliance.models import (
    Answer,
    Assessment,
    Attestation,
    Determination,
    EvidenceUse,
    Firm,
    Membership,
    Submission,
)
from compliance.selectors.evaluation import AssessmentState, catalogue_of, evaluation_of
from compliance.selectors.package import frozen_content, problems_of
from compliance.selectors.submission import earlier_round, substance
from compliance.services.editions import keep_edition
from compliance.services.queue import put_into_queue
from compliance.services.texts import LONGEST_TEXT, clean_text, one_line

ROLES_FACT = "firm.roles"
EARLIEST, LATEST = date(2015, 1, 1), date(2100, 12, 31)


@dataclass(frozen=True)
class FactsSaved:
    assessment: Assessment
    before: AssessmentEvaluation
    after: AssessmentEvaluation


def start_assessment(
    *,
    firm: Firm,
    title: str,
    as_of: date,
    roles: Sequence[str],
    by: Membership,
    copy_from: Assessment | None = None,
    catalogue_id: str = DEFAULT_CATALOGUE,
) -> Assessment:
    """A draft, judged as of a date; with facts, answers and evidence of an earlier one if asked."""
    permissions.require(by, "start_assessment", firm)
    title, faults = _checked_title(title)
    if not EARLIEST <= as_of <= LATEST:
        faults["as_of"] = _("Choose a date from 2015 to 2100.")
    try:
        catalogue = load_catalogue(catalogue_id)
    except CatalogueError:
        faults["catalogue_id"] = _("There is no such framework. Choose one of the list.")
        raise InvalidInput(faults) from None
    facts = dict(copy_from.facts) if copy_from else {}
    # A framework from elsewhere asks for no facts: it applies to everybody.
    if fact := catalogue.facts.get(ROLES_FACT):
        try:
            parsed = parse_fact(fact, list(roles))
        except InvalidValue as error:
            faults["roles"] = error.message.get(get_language() or "en")
        else:
            facts[ROLES_FACT] = as_json(parsed)
            if not parsed:
                faults["roles"] = _("Choose at least one thing that the firm does.")
    if copy_from is not None and copy_from.firm_id != firm.pk:
        faults["copy_from"] = _("Choose an assessment of this firm.")
    elif copy_from is not None and copy_from.catalogue_id != catalogue.id:
        faults["copy_from"] = _("Choose an assessment by the same framework.")
    if faults:
        raise InvalidInput(faults)
    with transaction.atomic():
        assessment = Assessment.objects.create(
            firm=firm,
            title=title,
            as_of=as_of,
            catalogue_id=catalogue.id,
            catalogue_edition=catalogue.edition,
            catalogue_digest=keep_edition(catalogue),
            facts=facts,
            created_by=by.user,
        )
        if copy_from is not None:
            _carry_over(copy_from, assessment)
        audit.record(
            by,
            "assessment.started",
            assessment,
            assessment=assessment,
            after={
                "title": title,
                "as_of": as_of.isoformat(),
                "copy_from": str(copy_from.pk) if copy_from else None,
            },
        )
    return assessment


def rename_assessment(
    *, assessment: Assessment, title: str, before: str | None = None, by: Membership
) -> None:
    """Another title for what is not handed in; a submission keeps the one it was frozen with.

    `before` is the title that the person saw; None replaces whatever is stored.
    """
    permissions.require(by, "rename", assessment)
    title, faults = _checked_title(title)
    if faults:
        raise InvalidInput(faults)
    with transaction.atomic():
        here = Assessment.objects.filter(pk=assessment.pk, status__in=Assessment.EDITABLE)
        if here.update(updated_at=clock.now()) != 1:
            raise TransitionNotAllowed(
                _("The assessment is with the officer, or closed: its title stays as it is.")
            )
        stored = Assessment.objects.values_list("title", flat=True).get(pk=assessment.pk)
        if before is not None and before != stored:
            raise SomebodySavedFirst(theirs=stored)
        if title != stored:
            here.update(title=title)
            audit.record(
                by,
                "assessment.renamed",
                assessment,
                assessment=assessment,
                before={"title": stored},
                after={"title": title},
            )
    assessment.title = title


def _checked_title(title: str) -> tuple[str, dict[str, str]]:
    """The title on one line, and what is wrong with it."""
    title = one_line(title)
    if 2 <= len(title) <= 200:
        return title, {}
    return title, {"title": _("Write a title of 2 to 200 characters, such as the mission's name.")}


def _carry_over(earlier: Assessment, assessment: Assessment) -> None:
    """Copy answers and uses of evidence, each marked until somebody confirms or changes it."""
    Answer.objects.bulk_create(
        Answer(
            assessment=assessment,
            requirement=answer.requirement,
            value=answer.value,
            not_applicable_reason=answer.not_applicable_reason,
            note=answer.note,
            flag=answer.flag,
            is_carried_over=True,
            updated_by=answer.updated_by,
            updated_at=answer.updated_at,
        )
        for answer in earlier.answers.all()
    )
    EvidenceUse.objects.bulk_create(
        EvidenceUse(
            assessment=assessment,
            requirement=use.requirement,
            evidence_id=use.evidence_id,
            is_carried_over=True,
        )
        for use in earlier.evidence_uses.all()
    )


def save_facts(
    *,
    assessment: Assessment,
    values: Mapping[str, Any],
    by: Membership,
    base_version: int | None = None,
) -> FactsSaved:
    """Change the facts that are named; None means "don't know yet"."""
    permissions.require(by, "save_facts", assessment)
    catalogue = catalogue_of(assessment)
    parsed, faults = checked_facts(catalogue, values)
    if faults:
        raise InvalidInput(faults)
    before = evaluation_of(assessment)
    with transaction.atomic():
        now = clock.now()
        here = Assessment.objects.filter(pk=assessment.pk).filter(
            Q(status=Assessment.Status.DRAFT)
            | Q(status=Assessment.Status.RETURNED, facts_reopened=True)
        )
        if here.update(facts_version=F("facts_version") + 1, updated_at=now) != 1:
            raise AnswerLocked(
                _("The facts are locked: it is submitted, or only answers were returned.")
            )
        stored = Assessment.objects.only("facts", "facts_version").get(pk=assessment.pk)
        if base_version is not None and stored.facts_version != base_version + 1:
            raise SomebodySavedFirst(theirs=stored.facts)
        facts = {**stored.facts, **parsed}
        # Held against what is stored now: the other end may have been saved a moment ago.
        faults = order_of_dates(catalogue.dates, facts, changed=parsed)
        if faults:
            raise InvalidInput(faults)
        changed = {name: v for name, v in parsed.items() if stored.facts.get(name, "") != v}
        Assessment.objects.filter(pk=assessment.pk).update(facts=facts)
        if changed:
            audit.record(
                by,
                "facts.saved",
                assessment,
                assessment=assessment,
                before={name: stored.facts.get(name) for name in changed},
                after=changed,
            )
    assessment.facts, assessment.facts_version = facts, stored.facts_version
    after = evaluation_of(assessment, answers=before.answers, evidence=before.evidence)
    return FactsSaved(assessment, before.evaluation, after.evaluation)


def checked_facts(
    catalogue: Catalogue, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The JSON form of each fact, and what is wrong with the others."""
    parsed: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for name, raw in values.items():
        fact = catalogue.facts.get(name)
        if fact is None:
            faults[name] = _("There is no such fact. The catalogue lists the names.")
            continue
        try:
            parsed[name] = as_json(parse_fact(fact, raw))
        except InvalidValue as error:
            faults[name] = error.message.get(get_language() or "en")
    if parsed.get(ROLES_FACT, True) in (None, []):
        faults[ROLES_FACT] = _("Choose at least one thing that the firm does.")
    return parsed, faults


def order_of_dates(
    spans: Mapping[str, MissionDate], facts: Mapping[str, Any], *, changed: Mapping[str, Any]
) -> dict[str, str]:
    """Changed mission dates that end before they begin, each with its sentence."""
    faults: dict[str, str] = {}
    for span in spans.values():
        if not span.from_fact or not span.until_fact:
            continue
        if span.from_fact not in changed and span.until_fact not in changed:
            continue
        starts, ends = facts.get(span.from_fact), facts.get(span.until_fact)
        if starts and ends and ends < starts:  # ISO dates sort as text
            faults[span.until_fact] = _(
                "It ends on %(ends)s, before it begins on %(starts)s. Correct one of the dates."
            ) % {"ends": ends, "starts": starts}
    return faults


def submit_assessment(
    *,
    assessment: Assessment,
    name: str,
    position: str,
    statement: str,
    by: Membership,
    idempotency_key: str = "",
) -> Submission:
    """Freeze the assessment, attest it, and hand it to the reviewers."""
    permissions.require(by, "submit", assessment)
    name, position = one_line(name), one_line(position)
    statement = clean_text(statement).strip()
    earlier = _same_key(assessment, idempotency_key, statement)
    if earlier is not None:
        return earlier
    _require_attestation(name, position, statement)
    try:
        with transaction.atomic():
            # First: it locks the row, so nothing slips in behind.
            workflow.move(assessment, "submit")
            stored = Assessment.objects.select_related("firm").get(pk=assessment.pk)
            state = evaluation_of(stored)
            problems = problems_of(state)
            if problems:
                raise AssessmentNotReady(problems)
            submission = _freeze(state, name, position, statement, by, idempotency_key)
            audit.record(
                by,
                "assessment.submitted",
                submission,
                assessment=stored,
                after={"number": submission.number, "digest": submission.digest},
            )
    except AssessmentNotReady:
        assessment.refresh_from_db()
        raise
    except TransitionNotAllowed:
        # The same request at the same moment: its twin has just made the submission.
        earlier = _same_key(assessment, idempotency_key, statement)
        if earlier is None:
            raise
        return earlier
    return submission


def _same_key(assessment: Assessment, key: str, statement: str) -> Submission | None:
    """The submission this key already made, if any; refuse the key for another statement."""
    if not key:
        return None
    if len(key) > 200 or not key.isascii() or not key.isprintable():
        raise InvalidInput(
            {"idempotency_key": _("Use a key of at most 200 plain characters, such as a UUID.")}
        )
    submission = (
        Submission.objects.filter(assessment=assessment, idempotency_key=key)
        .select_related("attestation", "assessment__firm")
        .first()
    )
    if submission is not None and submission.attestation.statement != statement:
        raise KeyUsedForOther(
            _("This key already made submission no. %(number)d with another statement.")
            % {"number": submission.number}
        )
    return submission


def _require_attestation(name: str, position: str, statement: str) -> None:
    faults = {}
    if not 2 <= len(name) <= 120:
        faults["name"] = _("Write your full name, at most 120 characters.")
    if not 2 <= len(position) <= 120:
        faults["position"] = _("Write your position in the firm, at most 120 characters.")
    if len(statement) > LONGEST_TEXT:
        faults["statement"] = _("Write at most 20,000 characters.")
    if faults:
        raise InvalidInput(faults)


def _freeze(
    state: AssessmentState, name: str, position: str, statement: str, by: Membership, key: str
) -> Submission:
    assessment, now = state.assessment, clock.now()
    earlier = Submission.objects.filter(assessment=assessment)
    number = (earlier.aggregate(last=Max("number"))["last"] or 0) + 1
    returned = earlier.filter(decision=Submission.Decision.RETURNED).count()
    words = {"name": name, "position": position, "statement": statement}
    content = frozen_content(
        state,
        number=number,
        submitted_at=now,
        attestation={**words, "signed_at": now.isoformat()},
    )
    submission = Submission.objects.create(
        assessment=assessment,
        number=number,
        round=returned + 1,
        content=content,
        digest=digest_of(content),
        band=state.evaluation.band,
        idempotency_key=key,
        submitted_by=by.user,
        submitted_at=now,
    )
    Attestation.objects.create(submission=submission, officer=by.user, signed_at=now, **words)
    last = earlier_round(submission)
    if last is not None:
        _keep_determinations(last, submission)
    put_into_queue(submission)
    return submission


def _keep_determinations(last: Submission, submission: Submission) -> None:
    """What has not changed since the last round stays determined."""
    then = {row["requirement"]: substance(row) for row in last.content["requirements"]}
    now = {row["requirement"]: substance(row) for row in submission.content["requirements"]}
    Determination.objects.bulk_create(
        Determination(
            submission=submission,
            requirement=determination.requirement,
            outcome=determination.outcome,
            comment=determination.comment,
            is_carried_over=True,
            by_id=determination.by_id,
            at=determination.at,
        )
        for determination in last.determinations.filter(opens_again=False)
        if determination.requirement in now
        and now[determination.requirement] == then.get(determination.requirement)
    )


def archive_assessment(*, assessment: Assessment, by: Membership) -> None:
    """Put an assessment away; it stays readable."""
    permissions.require(by, "archive", assessment)
    with transaction.atomic():
        workflow.move(assessment, "archive")
        audit.record(by, "assessment.archived", assessment, assessment=assessment)
