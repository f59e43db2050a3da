"""The check page: what stops a submission, what goes out open, and what the result would be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from checklists import Evaluation, Flag, Outcome
from checklists.engine.model import Applicability, Band, Score, Severity
from compliance.models import Submission
from compliance.selectors.evaluation import AssessmentState
from compliance.selectors.package import Standing, problems_of, standing_of
from compliance.selectors.tasks import fact_link, is_answered, state_of


@dataclass(frozen=True)
class ProblemLink:
    number: str  # M07-01
    sentence: str
    url: str  # where it is cured


@dataclass(frozen=True)
class ProblemGroup:
    title: str
    problems: tuple[ProblemLink, ...]


@dataclass(frozen=True)
class StandingRow:
    """A requirement that may go out as it is, and what that means."""

    title: str
    number: str
    url: str
    severity: Severity
    state: str
    meaning: str


@dataclass(frozen=True)
class CheckPage:
    problem_count: int
    problem_groups: tuple[ProblemGroup, ...]
    standing: tuple[StandingRow, ...]
    number: int  # of the submission that would be made
    applicable: int
    answered: int
    flagged: int
    evidence: int
    carried_over: int
    band: Band
    duty: Score
    upcoming: Score
    submissions: tuple[Submission, ...]


def check_page(state: AssessmentState, submissions: Iterable[Submission], lang: str) -> CheckPage:
    """Everything the check page shows; `submissions` newest first."""
    earlier = tuple(submissions)
    rows = [
        row
        for row in state.evaluation.rows.values()
        if row.applicability is not Applicability.DOES_NOT_APPLY
    ]
    groups = _problem_groups(state)
    return CheckPage(
        problem_count=sum(len(group.problems) for group in groups),
        problem_groups=groups,
        standing=tuple(_standing_row(state, standing, lang) for standing in standing_of(state)),
        number=earlier[0].number + 1 if earlier else 1,
        applicable=len(rows),
        answered=sum(is_answered(row) for row in rows),
        flagged=sum(row.flag is not None for row in rows),
        evidence=len(
            {piece.pk for name in state.evaluation.rows for piece in state.evidence.get(name, ())}
        ),
        carried_over=sum(state.is_carried_over(row.requirement) for row in rows),
        band=state.evaluation.band,
        duty=state.evaluation.claimed.duty,
        upcoming=state.evaluation.claimed.upcoming,
        submissions=earlier,
    )


def _problem_groups(state: AssessmentState) -> tuple[ProblemGroup, ...]:
    facts_url = reverse("assessment_facts", args=[state.assessment.pk])
    groups: dict[str, list[ProblemLink]] = {}
    for problem in problems_of(state):
        if problem.requirement:
            url = reverse("requirement", args=[state.assessment.pk, problem.requirement])
        else:
            assert problem.fact is not None  # a problem names a requirement or a fact
            url = fact_link(facts_url, state.catalogue, problem.fact)
        link = ProblemLink(problem.source_row or "", problem.sentence, url)
        groups.setdefault(problem.group, []).append(link)
    return tuple(ProblemGroup(title, tuple(links)) for title, links in groups.items())


def _standing_row(state: AssessmentState, standing: Standing, lang: str) -> StandingRow:
    requirement = state.catalogue.requirements[standing.requirement]
    return StandingRow(
        title=requirement.title.get(lang),
        number=requirement.source_row,
        url=reverse("requirement", args=[state.assessment.pk, requirement.id]),
        severity=standing.severity,
        state=state_of(standing.evaluation),
        meaning=_meaning(state, standing.evaluation, lang),
    )


def _meaning(state: AssessmentState, row: Evaluation, lang: str) -> str:
    """What it does to the result that this one goes out as it is."""
    if any(row.requirement == blocker.requirement for blocker in state.evaluation.blockers):
        if row.outcome is Outcome.NOT_MET:
            return _("The band stays at “not ready”.")
        if row.outcome is not Outcome.PARTLY_MET:
            return _("The band stays at “incomplete” or lower.")
    if row.evidence_faults:
        return row.evidence_faults[0].reason.get(lang)
    if row.flag is Flag.DONT_KNOW:
        return _("Marked “don’t know yet”; it counts as not answered.")
    if row.outcome is Outcome.PARTLY_MET:
        return _("Counts half.")
    return _("Counts nothing.")
