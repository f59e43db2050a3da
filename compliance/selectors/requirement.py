"""The page of one requirement: what is asked, what was answered, what follows, and from where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from checklists import Catalogue, Evaluation, Flag, Outcome, Requirement, serialize_value
from checklists.engine import wording
from checklists.engine.evidence import ENDS_SOON
from checklists.engine.loader import DEFAULT_CATALOGUE
from checklists.engine.model import (
    AnswerKind,
    Applicability,
    Comparator,
    EvidenceProblem,
    EvidenceSpec,
    Limit,
    NumberCheck,
)
from checklists.engine.parameters import ParameterProgram
from checklists.engine.units import quantity
from compliance import permissions
from compliance.models import (
    Answer,
    Assessment,
    Determination,
    Evidence,
    Finding,
    Membership,
    Question,
)
from compliance.selectors.catalogue import full_requirement_url
from compliance.selectors.editions import AskedAgain, asked_again
from compliance.selectors.evaluation import AssessmentState, evaluation_of
from compliance.selectors.evidence import ICONS, validity_in_words
from compliance.selectors.facts import program_of, unit_name
from compliance.selectors.heads import mission_span, mission_span_in_words
from compliance.selectors.package import clause_shown, doubt_of
from compliance.selectors.tasks import FactToAnswer, fact_link
from compliance.selectors.trail import AnswerHistory, history_of

GAPS = frozenset({Outcome.NOT_MET, Outcome.PARTLY_MET})
NOT_APPLICABLE = "_not_applicable"
LIBRARY = 60
_WORDS = {
    "yes": gettext_lazy("Yes"),
    "partly": gettext_lazy("Partly"),
    "no": gettext_lazy("No"),
    "in_place": gettext_lazy("In place"),
    "not_in_place": gettext_lazy("Not in place"),
}
_HINTS = {"in_place": gettext_lazy("the document is attached below")}
_BY_WORD = {
    AnswerKind.YES_PARTLY_NO: ("yes", "partly", "no"),
    AnswerKind.DOCUMENT: ("in_place", "not_in_place"),
}


@dataclass(frozen=True)
class AnswerDraft:
    """What stands in the fields of the answer, whether it can be taken or not."""

    value: str = ""
    is_not_applicable: bool = False
    reason: str = ""
    note: str = ""
    flag: str = ""
    base_version: int = 0


@dataclass(frozen=True)
class EvidenceDraft:
    """What stands in the fields of a new piece of evidence."""

    kind: str = ""
    title: str = ""
    url: str = ""
    effective_on: str = ""
    expires_on: str = ""


@dataclass(frozen=True)
class OptionView:
    value: str
    label: str
    hint: str
    outcome: str  # "" where the option does not settle it
    is_checked: bool


@dataclass(frozen=True)
class Mark:
    """A place on the scale of a chart, with what stands there."""

    x: int
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Scale:
    """A number on a line with its limit and the best practice."""

    zones: tuple[tuple[str, int, int], ...]  # class, x, width
    value: Mark | None
    marks: tuple[Mark, ...]
    label: str


@dataclass(frozen=True)
class LimitView:
    """The limit in force, in words."""

    asked: str  # "at most 25 years"; several where the facts leave it open
    since: date | None
    basis: str
    note: str
    best_practice: str
    best_practice_basis: str


@dataclass(frozen=True)
class Timeline:
    """The days a piece of evidence holds, against the dates it has to hold on."""

    start: int
    width: int
    from_label: str
    until_label: str
    window_x: int
    window_width: int
    window_label: str
    as_of_x: int | None  # None: too near the window to be written beside it
    label: str


@dataclass(frozen=True)
class EvidenceView:
    id: str
    title: str
    kind_title: str
    file_icon: str
    is_file: bool
    url: str  # of a link
    size: int
    sha256: str
    filename: str
    added_by: str
    added_at: datetime
    validity: str  # "1 Mar 2026 – 28 Feb 2027"
    state: str  # "valid" or one of the engine's evidence problems
    sentence: str
    timeline: Timeline | None


@dataclass(frozen=True)
class KindView:
    kind: str
    title: str
    is_required: bool
    is_missing: bool


@dataclass(frozen=True)
class SourceView:
    name: str
    name_lang: str
    number: str
    force: str
    binds: bool
    article: str
    covers: str
    verified: bool
    url: str


@dataclass(frozen=True)
class LibraryPiece:
    id: str
    title: str
    kind_title: str
    uses: int


@dataclass(frozen=True)
class Reviewed:
    """What the officer said of this requirement in the last round."""

    round: int
    outcome: str
    comment: str
    by: str
    at: datetime
    opens_again: bool


@dataclass(frozen=True)
class Neighbour:
    title: str
    url: str


@dataclass(frozen=True)
class RequirementPage:
    """Everything the page of one requirement shows."""

    id: str
    number: str
    title: str
    measure_number: int
    measure_title: str
    section: str
    track: str
    severity: str
    topic: str
    position: int
    count: int
    previous: Neighbour | None
    next: Neighbour | None
    question: str
    guidance: str
    rationale: str
    # answer
    kind: str
    options: tuple[OptionView, ...]
    unit: str
    may_be_not_applicable: bool
    draft: AnswerDraft
    answer_shown: str  # the draft in words
    errors: Mapping[str, str]
    answered_by: str
    answered_at: datetime | None
    is_carried_over: bool
    asked_again: AskedAgain | None  # why, where it is the rules that changed
    is_open: bool
    locked: str  # why it cannot be changed; "" where it can
    # what follows
    applicability: str
    applies: bool
    why: tuple[str, ...]
    to_answer: FactToAnswer | None
    facts_url: str
    outcome: str
    may_plan: bool  # there is a gap, and this person may take it on
    best_practice: str
    reason: str
    points: str  # "5 of 10", "" where nothing is scored
    limit: LimitView | None
    scale: Scale | None
    # evidence
    evidence: tuple[EvidenceView, ...]
    kinds: tuple[KindView, ...]
    # where it comes from
    sources: tuple[SourceView, ...]
    clause: str
    is_of_the_plan: bool  # else of another framework, where no facts decide
    full_url: str  # "" where no catalogue of today holds it
    doubt: str
    corrective_action: str


@dataclass(frozen=True)
class RequirementRecord:
    """What only the full page shows: the review, the library and the history (five queries)."""

    reviewed: Reviewed | None
    findings: tuple[Finding, ...]
    questions: tuple[Question, ...]
    library: tuple[LibraryPiece, ...]
    history: AnswerHistory


def stored_draft(answer: Answer | None) -> AnswerDraft:
    """The fields as the stored answer fills them."""
    if answer is None:
        return AnswerDraft()
    return AnswerDraft(
        value="" if answer.value is None else str(answer.value),
        is_not_applicable=bool(answer.not_applicable_reason) and answer.value is None,
        reason=answer.not_applicable_reason,
        note=answer.note,
        flag=answer.flag,
        base_version=answer.version,
    )


def requirement_page(
    state: AssessmentState,
    requirement_id: str,
    member: Membership,
    lang: str,
    *,
    is_open: bool,
    draft: AnswerDraft | None = None,
    errors: Mapping[str, str] | None = None,
) -> RequirementPage:
    """One requirement; `draft` is what was typed, which stands even where it cannot be saved."""
    catalogue = state.catalogue
    requirement = catalogue.requirements[requirement_id]
    row = state.evaluation.rows[requirement_id]
    answer = state.answers.get(requirement_id)
    draft = draft or stored_draft(answer)
    previous, following, position, count = _place(state, requirement_id, lang)
    locked = _locked(state.assessment, member, is_open=is_open)
    facts_url = reverse("assessment_facts", args=[state.assessment.pk])
    limits = _Limits.of(state, requirement)
    attached = state.evidence.get(requirement_id, [])
    doubt = doubt_of(catalogue, requirement)
    return RequirementPage(
        id=requirement.id,
        number=requirement.source_row,
        title=requirement.title.get(lang),
        measure_number=requirement.measure,
        measure_title=catalogue.measures[requirement.measure].title.get(lang),
        section=requirement.section,
        track=str(requirement.track),
        severity=str(requirement.severity),
        topic=catalogue.topics[requirement.topic].get(lang),
        position=position,
        count=count,
        previous=previous,
        next=following,
        question=requirement.question.get(lang),
        guidance=requirement.guidance.get(lang),
        rationale=requirement.rationale.get(lang),
        kind=str(requirement.answer.kind),
        options=_options(requirement, draft, lang),
        unit=unit_name(requirement.answer.unit, lang),
        may_be_not_applicable=requirement.answer.may_be_not_applicable,
        draft=draft,
        answer_shown=_answer_in_words(requirement, draft, lang),
        errors=errors or {},
        answered_by=str(answer.updated_by or "") if answer else "",
        answered_at=answer.updated_at if answer else None,
        is_carried_over=state.is_carried_over(requirement_id),
        asked_again=(
            asked_again(state.assessment, requirement_id, lang)
            if answer is not None and answer.is_carried_over
            else None
        ),
        is_open=not locked,
        locked=locked,
        applicability=str(row.applicability),
        applies=row.applicability is Applicability.APPLIES,
        why=tuple(wording.why(lang, row.applicability_reason)),
        to_answer=_to_answer(catalogue, row, facts_url, lang),
        facts_url=facts_url,
        outcome=str(row.outcome),
        may_plan=row.outcome in GAPS and permissions.may(member, "add_action"),
        best_practice=row.best_practice or "",
        reason=row.reason.get(lang),
        points=_points(row),
        limit=limits.in_words(catalogue, lang),
        scale=limits.scale(_typed_number(state, requirement_id), lang),
        evidence=tuple(_evidence_view(state, requirement, piece, lang) for piece in attached),
        kinds=_kinds(catalogue, requirement, attached, lang),
        sources=tuple(_sources(catalogue, requirement, lang)),
        clause=clause_shown(requirement).get(lang),
        is_of_the_plan=catalogue.id == DEFAULT_CATALOGUE,
        full_url=full_requirement_url(catalogue.id, requirement.id),
        doubt=doubt.get(lang) if doubt else "",
        corrective_action=requirement.corrective_action.text.get(lang),
    )


def requirement_record(
    state: AssessmentState, requirement_id: str, lang: str, *, with_library: bool
) -> RequirementRecord:
    """The review, the library and the history of one requirement."""
    assessment = state.assessment
    reviewed: Reviewed | None = None
    findings: tuple[Finding, ...] = ()
    questions: tuple[Question, ...] = ()
    if assessment.status != Assessment.Status.DRAFT:
        reviewed = _reviewed(assessment, requirement_id)
        findings = tuple(
            Finding.objects.filter(submission__assessment=assessment, requirement=requirement_id)
        )
        asked = Question.objects.filter(
            submission__assessment=assessment, requirement=requirement_id
        ).select_related("submission", "asked_by", "answered_by")
        questions = tuple(asked.defer("submission__content"))
    return RequirementRecord(
        reviewed=reviewed,
        findings=findings,
        questions=questions,
        library=tuple(_library(state, requirement_id, lang)) if with_library else (),
        history=history_of(assessment, state.catalogue, requirement_id, lang),
    )


def _place(
    state: AssessmentState, requirement_id: str, lang: str
) -> tuple[Neighbour | None, Neighbour | None, int, int]:
    """The requirement before, the one after, and where this one stands among those that apply."""
    names = [
        name
        for name, row in state.evaluation.rows.items()
        if row.applicability is not Applicability.DOES_NOT_APPLY or name == requirement_id
    ]
    at = names.index(requirement_id)

    def neighbour(index: int) -> Neighbour | None:
        if not 0 <= index < len(names):
            return None
        other = state.catalogue.requirements[names[index]]
        url = reverse("requirement", args=[state.assessment.pk, other.id])
        return Neighbour(other.title.get(lang), url)

    return neighbour(at - 1), neighbour(at + 1), at + 1, len(names)


def _locked(assessment: Assessment, member: Membership, *, is_open: bool) -> str:
    """Why this person cannot change the answer now; "" where they can."""
    if not permissions.may(member, "answer"):
        return _("Your role is %(role)s: you can read this, not change it.") % {
            "role": member.get_role_display()
        }
    if is_open:
        return ""
    if assessment.status == Assessment.Status.RETURNED:
        return _("The officer did not open this one again. It stays as it was submitted.")
    return _(
        "The assessment is “%(status)s”. Answers can be changed in a draft, "
        "or when the officer returns them."
    ) % {"status": assessment.get_status_display()}


def _to_answer(
    catalogue: Catalogue, row: Evaluation, facts_url: str, lang: str
) -> FactToAnswer | None:
    if not row.missing_facts:
        return None
    name = row.missing_facts[0]
    return FactToAnswer(
        catalogue.facts[name].question.get(lang), fact_link(facts_url, catalogue, name)
    )


def _points(row: Evaluation) -> str:
    if not row.weight or row.outcome is Outcome.NOT_APPLICABLE:
        return ""
    earned = Decimal(row.points2 * row.weight) / 2
    return _("%(earned)s of %(weight)s points") % {
        "earned": serialize_value(earned),
        "weight": row.weight,
    }


def _options(requirement: Requirement, draft: AnswerDraft, lang: str) -> tuple[OptionView, ...]:
    spec = requirement.answer
    chosen = NOT_APPLICABLE if draft.is_not_applicable else draft.value
    if spec.kind is AnswerKind.CHOICE:
        options = [
            OptionView(o.id, o.label.get(lang), "", str(o.outcome), o.id == chosen)
            for o in spec.options
        ]
    else:
        options = [
            OptionView(word, str(_WORDS[word]), str(_HINTS.get(word, "")), "", word == chosen)
            for word in _BY_WORD.get(spec.kind, ())
        ]
    if options and spec.may_be_not_applicable:
        label, hint = _("Does not apply to us"), _("with a reason the officer confirms")
        options.append(OptionView(NOT_APPLICABLE, label, hint, "", draft.is_not_applicable))
    return tuple(options)


# --- limits ---------------------------------------------------------------------------------------

_CHART, _SPARE, _FAR = 820, Decimal("1.2"), 4
_MOST_IS_BEST = (Comparator.AT_LEAST, Comparator.ABOVE)
_NEAR = 150  # two labels closer than this would stand on each other


def _typed_number(state: AssessmentState, requirement_id: str) -> Decimal | None:
    typed = state.typed_answers.get(requirement_id)
    return typed.value if typed and isinstance(typed.value, Decimal) else None


@dataclass(frozen=True)
class _Limits:
    """The limits a number may be held against, and the best practice."""

    possible: tuple[Limit, ...] = ()
    best: Limit | None = None

    @classmethod
    def of(cls, state: AssessmentState, requirement: Requirement) -> _Limits:
        check = requirement.check
        if not isinstance(check, NumberCheck):
            return cls()
        program = program_of(state.catalogue)
        facts = program.state(state.facts)

        def limits(parameter: str, comparator: Comparator) -> list[Limit]:
            found = ParameterProgram(
                state.catalogue.parameters[parameter], comparator, program
            ).limits(state.assessment.as_of, facts)
            return [limit for limit in found.possible if limit is not None]

        best = (
            limits(check.best_practice.parameter, check.best_practice.comparator)
            if check.best_practice
            else []
        )
        return cls(
            tuple(limits(check.parameter, check.comparator)), best[0] if len(best) == 1 else None
        )

    def in_words(self, catalogue: Catalogue, lang: str) -> LimitView | None:
        if not self.possible:
            return None
        first = self.possible[0]
        asked = [wording.asked(limit, lang) for limit in self.possible]
        return LimitView(
            asked=wording.listed(asked, lang, either=True),
            since=first.in_force_from,
            basis=catalogue.threshold_basis[first.basis].get(lang),
            note=first.note.get(lang) if first.note else "",
            best_practice=wording.asked(self.best, lang) if self.best else "",
            best_practice_basis=(
                catalogue.threshold_basis[self.best.basis].get(lang) if self.best else ""
            ),
        )

    def scale(self, value: Decimal | None, lang: str) -> Scale | None:
        """The line from zero to a little beyond everything on it."""
        if len(self.possible) != 1 or self.possible[0].value <= 0:
            return None
        limit, best = self.possible[0], self.best
        if value is not None and value < 0:
            return None
        known = max(limit.value, best.value if best else limit.value)
        # A value far beyond hangs at the end of the line; else the limits would shrink to a dot.
        top = (value if value is not None and known < value <= _FAR * known else known) * _SPARE

        def at(amount: Decimal) -> int:
            return min(_CHART, int(amount / top * _CHART))

        limit_x, best_x = at(limit.value), at(best.value) if best else None
        more_is_better = limit.comparator in _MOST_IS_BEST
        inner = best_x if best_x is not None else limit_x
        if more_is_better:
            zones = [("not", 0, limit_x), ("part", limit_x, inner - limit_x)]
            zones.append(("met", inner, _CHART - inner))
        else:
            zones = [("met", 0, inner), ("part", inner, limit_x - inner)]
            zones.append(("not", limit_x, _CHART - limit_x))
        marks = [_mark(limit_x, _("%(value)s limit"), limit, lang)]
        if best and best_x is not None and abs(best_x - limit_x) > _NEAR:
            marks.append(_mark(best_x, _("%(value)s best practice"), best, lang))
        shown = None
        said = wording.asked(limit, lang)
        label = _("Limit: %(limit)s") % {"limit": said}
        if value is not None:
            amount = quantity(value, limit.unit, lang)
            x = at(value)
            shown = Mark(x, amount, _anchor(x))
            label = _("%(amount)s, held against the limit: %(limit)s") % {
                "amount": amount,
                "limit": said,
            }
        return Scale(tuple(zone for zone in zones if zone[2] > 0), shown, tuple(marks), label)


def _mark(x: int, words: str, limit: Limit, lang: str) -> Mark:
    value = serialize_value(limit.value)
    return Mark(x, words % {"value": value}, _anchor(x))


def _anchor(x: int) -> str:
    """Where a label at this place has to hang, so that it stays on the line."""
    if x < _NEAR // 2:
        return "start"
    return "end" if x > _CHART - _NEAR // 2 else "middle"


# --- evidence -------------------------------------------------------------------------------------

_WIDTH, _MARGIN = 544, 40


def _evidence_view(
    state: AssessmentState, requirement: Requirement, piece: Evidence, lang: str
) -> EvidenceView:
    spec = next((spec for spec in requirement.evidence if spec.kind == piece.kind), None)
    span = mission_span(state.catalogue, state.facts, spec.covers) if spec and spec.covers else None
    problem = evidence_problem(piece, state.assessment.as_of, span)
    kind = state.catalogue.evidence_kinds.get(piece.kind)
    timeline = _timeline(state, piece, spec, span, lang)
    return EvidenceView(
        id=str(piece.pk),
        title=piece.title,
        kind_title=wording.inside(kind.get(lang)) if kind else piece.kind,
        file_icon=ICONS.get(piece.media_type, "file") if piece.file else "link",
        is_file=bool(piece.file),
        url=piece.url,
        size=piece.size,
        sha256=piece.sha256,
        filename=piece.filename,
        added_by=str(piece.added_by or ""),
        added_at=piece.added_at,
        validity=validity_in_words(piece, lang),
        state=str(problem) if problem else _valid_or_ending(piece, state.assessment.as_of),
        sentence=timeline.label if timeline else "",
        timeline=timeline,
    )


def _valid_or_ending(piece: Evidence, as_of: date) -> str:
    ends = piece.expires_on
    return "ends_soon" if ends and ends <= as_of + ENDS_SOON else "valid"


def evidence_problem(
    piece: Evidence, as_of: date, span: tuple[date, date] | None
) -> EvidenceProblem | None:
    """What one piece falls short of by itself; a policy and its renewal may share the work."""
    begins, ends = piece.effective_on, piece.expires_on
    if ends and ends < as_of:
        return EvidenceProblem.EXPIRED
    if begins and begins > as_of:
        return EvidenceProblem.NOT_YET_EFFECTIVE
    if span and ends and ends < span[1]:
        return EvidenceProblem.ENDS_EARLY
    if span and begins and begins > span[0]:
        return EvidenceProblem.STARTS_LATE
    return None


def _timeline(
    state: AssessmentState,
    piece: Evidence,
    spec: EvidenceSpec | None,
    span: tuple[date, date] | None,
    lang: str,
) -> Timeline | None:
    """The picture of a piece with dates against the mission dates it has to hold on."""
    if spec is None or spec.covers is None or span is None:
        return None
    if not (piece.effective_on or piece.expires_on):
        return None
    as_of = state.assessment.as_of
    known = [as_of, *span, *(day for day in (piece.effective_on, piece.expires_on) if day)]
    first, last = min(known), max(known)
    days = max((last - first).days, 1)

    def at(day: date) -> int:
        return _MARGIN + (day - first).days * (_WIDTH - 2 * _MARGIN) // days

    start = at(piece.effective_on) if piece.effective_on else 0
    end = at(piece.expires_on) if piece.expires_on else _WIDTH
    window_x = at(span[0])
    as_of_x = at(as_of)
    covers = state.catalogue.dates[spec.covers].label.get(lang)
    when = mission_span_in_words(state.catalogue, state.facts, spec.covers, lang)
    is_covered = evidence_problem(piece, span[0], span) is None
    words = (
        _("Holds %(validity)s; %(date)s %(when)s is covered.")
        if is_covered
        else _("Holds %(validity)s; %(date)s %(when)s is not covered.")
    )
    validity = validity_in_words(piece, lang)
    return Timeline(
        start=start,
        width=max(end - start, 4),
        from_label=wording.day(piece.effective_on, lang) if piece.effective_on else "",
        until_label=wording.day(piece.expires_on, lang) if piece.expires_on else "",
        window_x=window_x,
        window_width=max(at(span[1]) - window_x, 8),
        window_label=f"{covers}: {when}" if lang == "en" else f"{covers}：{when}",
        as_of_x=as_of_x if abs(as_of_x - window_x) > _NEAR else None,
        label=words % {"validity": validity, "date": wording.inside(covers), "when": when},
    )


def _kinds(
    catalogue: Catalogue, requirement: Requirement, attached: Iterable[Evidence], lang: str
) -> tuple[KindView, ...]:
    """The kinds a requirement names, required ones first."""
    there = {piece.kind for piece in attached}
    kinds = [
        KindView(
            spec.kind,
            catalogue.evidence_kinds[spec.kind].get(lang),
            spec.required,
            spec.kind not in there,
        )
        for spec in requirement.evidence
    ]
    return tuple(sorted(kinds, key=lambda kind: not kind.is_required))


def _library(state: AssessmentState, requirement_id: str, lang: str) -> Iterable[LibraryPiece]:
    requirement = state.catalogue.requirements[requirement_id]
    attached = [piece.pk for piece in state.evidence.get(requirement_id, [])]
    pieces = library_of(state.assessment, requirement).exclude(pk__in=attached)
    for piece in pieces.annotate(use_count=Count("uses")).order_by("-added_at")[:LIBRARY]:
        kind = state.catalogue.evidence_kinds.get(piece.kind)
        yield LibraryPiece(
            str(piece.pk),
            piece.title,
            wording.inside(kind.get(lang)) if kind else piece.kind,
            piece.use_count,
        )


def library_of(assessment: Assessment, requirement: Requirement) -> QuerySet[Evidence]:
    """What the firm already keeps of the kinds that this requirement names."""
    kinds = [spec.kind for spec in requirement.evidence]
    newest = Evidence.objects.filter(firm_id=assessment.firm_id, replaced_by__isnull=True)
    return newest.filter(kind__in=kinds)


# --- sources and review ---------------------------------------------------------------------------


def _sources(catalogue: Catalogue, requirement: Requirement, lang: str) -> Iterable[SourceView]:
    for citation in requirement.references:
        reference = catalogue.references[citation.reference]
        force = catalogue.legal_force[reference.binding]
        yield SourceView(
            name=reference.name.get(lang),
            name_lang="" if reference.name.get(lang) == reference.name.get("en") else "zh-Hans",
            number=reference.number.get(lang) if reference.number else "",
            force=force.title.get(lang),
            binds=force.binds,
            article=citation.article.get(lang) if citation.article else "",
            covers=citation.covers.get(lang) if citation.covers else "",
            verified=reference.verified,
            url=reference.url if reference.url.startswith(("https://", "http://")) else "",
        )


def _reviewed(assessment: Assessment, requirement_id: str) -> Reviewed | None:
    determination = (
        Determination.objects.filter(submission__assessment=assessment, requirement=requirement_id)
        .select_related("by", "submission")
        .defer("submission__content")
        .order_by("-submission__number")
        .first()
    )
    if determination is None:
        return None
    return Reviewed(
        round=determination.submission.number,
        outcome=determination.outcome,
        comment=determination.comment,
        by=str(determination.by or ""),
        at=determination.at,
        opens_again=determination.opens_again,
    )


# --- two people at once ---------------------------------------------------------------------------


@dataclass(frozen=True)
class ConflictRow:
    """One part of an answer in its three versions."""

    name: str  # of the radio buttons
    title: str
    mine: str
    theirs: str
    base: str
    mine_changed: bool
    theirs_changed: bool
    keep: str  # "mine" or "theirs", to begin with
    together: str = ""  # both texts in one, where both were changed and can be joined

    @property
    def differs(self) -> bool:
        return self.mine != self.theirs


@dataclass(frozen=True)
class ConflictPage:
    who: str
    saved_at: datetime | None
    rows: tuple[ConflictRow, ...]
    mine: AnswerDraft
    theirs: AnswerDraft
    has_base: bool
    outcomes: tuple[str, str, str]  # what follows from mine, from theirs, from the base
    evidence: tuple[str, ...]
    fields: tuple[tuple[str, str], ...] = field(default=())


def conflict_page(
    state: AssessmentState,
    requirement: Requirement,
    mine: AnswerDraft,
    theirs: Answer,
    base: Mapping[str, Any] | None,
    lang: str,
) -> ConflictPage:
    """Yours, theirs, and what both started from; `state` has theirs."""
    other = stored_draft(theirs)
    start = _draft_of_content(base) if base else None
    rows = []
    for name, title, shown in (
        ("answer", _("Answer"), lambda draft: _answer_in_words(requirement, draft, lang)),
        ("flag", _("Mark"), lambda draft: _flag_in_words(draft.flag)),
        ("note", _("Note"), lambda draft: draft.note),
    ):
        texts = [shown(mine), shown(other), shown(start or AnswerDraft())]
        mine_changed, theirs_changed = texts[0] != texts[2], texts[1] != texts[2]
        rows.append(
            ConflictRow(
                name=name,
                title=title,
                mine=texts[0],
                theirs=texts[1],
                base=texts[2],
                mine_changed=mine_changed,
                theirs_changed=theirs_changed,
                keep="mine" if mine_changed and not theirs_changed else "theirs",
                together=(
                    _together(*texts) if name == "note" and mine_changed and theirs_changed else ""
                ),
            )
        )
    fields = tuple(
        (f"{side}_{name}", text)
        for side, draft in (("mine", mine), ("theirs", other))
        for name, text in (
            ("value", draft.value),
            ("not_applicable", "1" if draft.is_not_applicable else ""),
            ("reason", draft.reason),
            ("flag", draft.flag),
            ("note", draft.note),
        )
    )
    return ConflictPage(
        who=str(theirs.updated_by or ""),
        saved_at=theirs.updated_at,
        rows=tuple(rows),
        mine=mine,
        theirs=other,
        has_base=start is not None,
        outcomes=(
            _outcome_of(state, requirement.id, mine),
            state.evaluation.rows[requirement.id].outcome,
            _outcome_of(state, requirement.id, start or AnswerDraft()),
        ),
        evidence=tuple(piece.title for piece in state.evidence.get(requirement.id, ())),
        fields=fields,
    )


def _outcome_of(state: AssessmentState, requirement_id: str, draft: AnswerDraft) -> str:
    """What the rules would make of this answer, with all else as it stands."""
    answer = Answer(
        assessment=state.assessment,
        requirement=requirement_id,
        value=None if draft.is_not_applicable else draft.value or None,
        not_applicable_reason=draft.reason if draft.is_not_applicable else "",
        flag=draft.flag if draft.flag in list(Flag) else "",
    )
    answers = {**state.answers, requirement_id: answer}
    judged = evaluation_of(
        state.assessment, answers=answers, evidence=state.evidence, catalogue=state.catalogue
    )
    return judged.evaluation.rows[requirement_id].outcome


def _together(mine: str, theirs: str, base: str) -> str:
    """Their text with what mine adds to the one both started from; "" where they are the same."""
    if mine == theirs or not mine or not theirs:
        return ""
    known = set(base.splitlines()) | set(theirs.splitlines())
    added = [line for line in mine.splitlines() if line not in known]
    if base and mine.startswith(base) and "\n" not in mine[len(base) :].strip():
        added = [mine[len(base) :].strip()]
    return "\n".join([theirs, *added])


def _draft_of_content(content: Mapping[str, Any]) -> AnswerDraft:
    value, reason = content.get("value"), str(content.get("not_applicable_reason", ""))
    return AnswerDraft(
        value="" if value is None else str(value),
        is_not_applicable=bool(reason) and value is None,
        reason=reason,
        note=str(content.get("note", "")),
        flag=str(content.get("flag", "")),
    )


def _answer_in_words(requirement: Requirement, draft: AnswerDraft, lang: str) -> str:
    if draft.is_not_applicable:
        return _("Does not apply: %(reason)s") % {"reason": draft.reason}
    if not draft.value:
        return _("No answer")
    spec = requirement.answer
    if spec.kind is AnswerKind.CHOICE:
        option = spec.option(draft.value)
        return option.label.get(lang) if option else draft.value
    if draft.value in _WORDS:
        return str(_WORDS[draft.value])
    unit = unit_name(spec.unit, lang)
    return f"{draft.value} {unit}" if unit else draft.value


def _flag_in_words(flag: str) -> str:
    words = {Flag.DONT_KNOW: _("Don’t know yet"), Flag.COME_BACK: _("Come back to this")}
    return words[Flag(flag)] if flag in list(Flag) else _("none")
