"""The plans of provinces and cities, and what of measure 10 hangs on a firm's place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from weakref import WeakKeyDictionary

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from checklists import Catalogue, Requirement, evaluate_assessment
from checklists.engine import wording
from checklists.engine.model import Applicability, FactValue, Track
from checklists.regions import Claim, ClaimKind, RegionalPlan, Standing, regional_plans
from compliance.selectors.catalogue import reference_url, requirement_url
from compliance.selectors.evaluation import AssessmentState

MEASURE = 10
REGIONS_FACT = "firm.regions"
NOWHERE = "elsewhere"

STANDINGS: dict[Standing, str | Promise] = {
    Standing.AGREED: gettext_lazy("Several sources agree"),
    Standing.SINGLE: gettext_lazy("One source"),
    Standing.DISPUTED: gettext_lazy("Sources disagree"),
}

_by_place: WeakKeyDictionary[Catalogue, dict[str, tuple[str, ...]]] = WeakKeyDictionary()


@dataclass(frozen=True)
class ClaimLine:
    """One thing said of a place, and who says it."""

    text: str
    kind: str
    by: int | None
    standing: str
    standing_in_words: str
    sources: str
    doubt: str


@dataclass(frozen=True)
class RequirementLine:
    """A requirement of measure 10; where a firm is looked at, how it stands there."""

    number: str
    title: str
    url: str
    track: str
    applicability: str = ""
    outcome: str = ""
    reason: str = ""
    answer_url: str = ""


@dataclass(frozen=True)
class PlanView:
    """A place: its plan, what is said of it, and the requirements that hang on it."""

    id: str
    place: str
    plan: str
    number: str
    issued: str
    years: str
    ends: str  # "" where no day is set
    has_ended: bool
    reference_url: str
    aims: tuple[ClaimLine, ...]
    support: tuple[ClaimLine, ...]
    state: tuple[ClaimLine, ...]
    requirements: tuple[RequirementLine, ...]
    disputed: int


@dataclass(frozen=True)
class RegionsPage:
    checked_up_to: str
    national: tuple[ClaimLine, ...]
    plans: tuple[PlanView, ...]
    everywhere: tuple[RequirementLine, ...]  # of measure 10, wherever the firm is


def regions_page(catalogue: Catalogue, lang: str, today: date) -> RegionsPage:
    """All plans, for everybody."""
    rows = _rows(catalogue)
    return RegionsPage(
        checked_up_to=regional_plans().checked_up_to.get(lang),
        national=tuple(_claim(claim, lang) for claim in regional_plans().national),
        plans=tuple(
            _plan(
                catalogue,
                plan,
                lang,
                today,
                [
                    _line(catalogue, rows[name], lang)
                    for name in requirements_of(catalogue, plan.region)
                ],
            )
            for plan in regional_plans().regions
        ),
        everywhere=tuple(_line(catalogue, rows[name], lang) for name in _everywhere(catalogue)),
    )


def plans_of_firm(state: AssessmentState, lang: str, today: date) -> tuple[PlanView, ...]:
    """The plans of the places that the facts name, with how each requirement stands."""
    chosen = state.facts.get(REGIONS_FACT)
    places: Sequence[str] = chosen if isinstance(chosen, tuple) else ()
    return tuple(
        _plan(state.catalogue, plan, lang, today, list(_stand(state, plan, lang)))
        for plan in regional_plans().regions
        if plan.region in places
    )


def open_places(state: AssessmentState, lang: str) -> tuple[str, ...]:
    """The places that the facts name and that no plan here speaks of."""
    chosen = state.facts.get(REGIONS_FACT)
    places: Sequence[str] = chosen if isinstance(chosen, tuple) else ()
    known = {plan.region for plan in regional_plans().regions}
    fact = state.catalogue.facts.get(REGIONS_FACT)
    found = [fact.choice(place) for place in places if place not in known] if fact else []
    return tuple(choice.label.get(lang) for choice in found if choice)


# --- what hangs on a place ------------------------------------------------------------------------


def requirements_of(catalogue: Catalogue, region: str) -> tuple[str, ...]:
    """The requirements of measure 10 that can apply here and do not apply just anywhere."""
    known = _by_place.setdefault(catalogue, {})
    if region not in known:
        everywhere = set(_everywhere(catalogue))
        known[region] = tuple(
            name for name in _applying(catalogue, region) if name not in everywhere
        )
    return known[region]


def _everywhere(catalogue: Catalogue) -> tuple[str, ...]:
    return _applying(catalogue, NOWHERE)


def _applying(catalogue: Catalogue, region: str) -> tuple[str, ...]:
    """What of measure 10 is not ruled out for a firm of which only the place is known."""
    if REGIONS_FACT not in catalogue.facts:
        return ()
    facts: dict[str, FactValue | None] = {REGIONS_FACT: (region,)}
    as_of = max(r.checked_on for r in catalogue.requirements.values())
    rows = evaluate_assessment(catalogue, as_of=as_of, facts=facts, answers={}, evidence={}).rows
    return tuple(
        name
        for name in _rows(catalogue)
        if name in rows and rows[name].applicability is not Applicability.DOES_NOT_APPLY
    )


def _rows(catalogue: Catalogue) -> dict[str, Requirement]:
    """Measure 10, the opportunities first."""
    rows = [r for r in catalogue.requirements.values() if r.measure == MEASURE]
    rows.sort(key=lambda requirement: requirement.track is not Track.OPPORTUNITY)
    return {requirement.id: requirement for requirement in rows}


# --- in the reader's words ------------------------------------------------------------------------


def _line(catalogue: Catalogue, requirement: Requirement, lang: str) -> RequirementLine:
    return RequirementLine(
        number=requirement.source_row,
        title=requirement.title.get(lang),
        url=requirement_url(catalogue, requirement.id),
        track=requirement.track,
    )


def _stand(state: AssessmentState, plan: RegionalPlan, lang: str) -> Iterable[RequirementLine]:
    rows = _rows(state.catalogue)
    for name in requirements_of(state.catalogue, plan.region):
        row = state.evaluation.rows.get(name)
        if row is None:
            continue
        applies = row.applicability is Applicability.APPLIES
        reason = row.reason if applies else row.applicability_reason
        requirement = rows[name]
        yield RequirementLine(
            number=requirement.source_row,
            title=requirement.title.get(lang),
            url=requirement_url(state.catalogue, name),
            track=requirement.track,
            applicability=row.applicability,
            outcome=row.outcome,
            reason=reason.get(lang),
            answer_url=name,
        )


def _plan(
    catalogue: Catalogue,
    plan: RegionalPlan,
    lang: str,
    today: date,
    requirements: Sequence[RequirementLine],
) -> PlanView:
    claims = [_claim(claim, lang) for claim in plan.claims]
    has_ended = plan.ends_on is not None and plan.ends_on < today
    return PlanView(
        id=plan.id,
        place=plan.place.get(lang),
        plan=plan.plan.get(lang) if plan.plan else "",
        number=plan.number,
        issued=plan.issued.get(lang) if plan.issued else "",
        years=_years(plan),
        ends=_ends(plan.ends_on, today, lang),
        has_ended=has_ended,
        reference_url=reference_url(catalogue, plan.reference) if plan.reference else "",
        aims=tuple(claim for claim in claims if claim.kind == ClaimKind.AIM),
        support=tuple(claim for claim in claims if claim.kind == ClaimKind.SUPPORT),
        state=tuple(claim for claim in claims if claim.kind == ClaimKind.STATE),
        requirements=tuple(requirements),
        disputed=sum(claim.standing == Standing.DISPUTED for claim in claims),
    )


def _years(plan: RegionalPlan) -> str:
    if plan.starts and plan.until and plan.starts != plan.until:
        return f"{plan.starts}–{plan.until}"
    return str(plan.until or plan.starts or "")


def _ends(ends_on: date | None, today: date, lang: str) -> str:
    if ends_on is None:
        return ""
    day = wording.day(ends_on, lang)
    if ends_on < today:
        return _("ended on %(day)s") % {"day": day}
    left = (ends_on - today).days
    return ngettext("ends on %(day)s, in %(n)s day", "ends on %(day)s, in %(n)s days", left) % {
        "day": day,
        "n": left,
    }


def _claim(claim: Claim, lang: str) -> ClaimLine:
    return ClaimLine(
        text=claim.text.get(lang),
        kind=claim.kind,
        by=claim.by,
        standing=claim.standing,
        standing_in_words=str(STANDINGS[claim.standing]),
        sources=wording.listed([source.get(lang) for source in claim.sources], lang),
        doubt=claim.doubt.get(lang) if claim.doubt else "",
    )
