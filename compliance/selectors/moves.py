"""The page of a move to a newer edition: what it would do, or what the last one did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from checklists import Catalogue
from checklists.engine.difference import RequirementChange, Verdict
from checklists.engine.model import Applicability, Band, Score, Text
from compliance.models import Answer, EditionMove
from compliance.selectors.editions import (
    FactLine,
    MoveLine,
    MovePlan,
    change_line,
    content_digest,
    fact_lines,
    last_move,
    lines_of_json,
    may_be_undone,
    move_plan,
    newer_edition,
)
from compliance.selectors.evaluation import AssessmentState, evaluation_of, typed_answer
from compliance.selectors.package import answer_shown


@dataclass(frozen=True)
class MoveDone:
    """The last move that stands."""

    from_edition: str
    to_edition: str
    who: str
    at: datetime
    asked_again: tuple[MoveLine, ...]
    still_open: int  # of those, how many wait to be confirmed
    retired: tuple[MoveLine, ...]
    may_be_undone: bool


@dataclass(frozen=True)
class MovePage:
    """What the page shows: a preview where there is a newer edition, and the last move."""

    edition: str
    newer: str  # "" where the draft is judged by the newest
    digest: str
    kept: int
    confirm_again: tuple[MoveLine, ...]
    retired: tuple[MoveLine, ...]
    new: tuple[MoveLine, ...]
    new_not_for_firm: int
    changed_without_answer: int
    facts: tuple[FactLine, ...]
    band: Band
    band_after: Band
    duty: Score
    duty_after: Score
    done: MoveDone | None


def move_page(state: AssessmentState, lang: str) -> MovePage:
    """The preview of a move, answer by answer, and what the last move did."""
    assessment, now = state.assessment, state.evaluation
    after = newer_edition(assessment)
    done = _done(state, last_move(assessment), lang)
    if after is None:
        return MovePage(
            edition=assessment.catalogue_edition,
            newer="",
            digest="",
            kept=0,
            confirm_again=(),
            retired=(),
            new=(),
            new_not_for_firm=0,
            changed_without_answer=0,
            facts=(),
            band=now.band,
            band_after=now.band,
            duty=now.claimed.duty,
            duty_after=now.claimed.duty,
            done=done,
        )
    plan = move_plan(assessment, after, state.answers)
    then = evaluation_of(
        assessment, answers=state.answers, evidence=state.evidence, catalogue=after
    ).evaluation
    known = plan.difference.requirements
    new = plan.difference.with_verdict(Verdict.NEW)
    for_firm = [
        change
        for change in new
        if change.id in then.rows
        and then.rows[change.id].applicability is not Applicability.DOES_NOT_APPLY
    ]
    return MovePage(
        edition=assessment.catalogue_edition,
        newer=after.edition,
        digest=content_digest(after),
        kept=plan.counts[str(Verdict.KEPT)],
        confirm_again=tuple(
            _line(plan, known[name], state.answers[name], lang) for name in plan.confirm_again
        ),
        retired=tuple(
            _line(plan, known[name], state.answers[name], lang)
            for name, verdict in plan.verdicts.items()
            if verdict is Verdict.RETIRED and name in known
        ),
        new=tuple(_line(plan, change, None, lang) for change in for_firm),
        new_not_for_firm=len(new) - len(for_firm),
        changed_without_answer=sum(
            change.id not in state.answers
            for change in plan.difference.with_verdict(Verdict.CONFIRM_AGAIN)
        ),
        facts=fact_lines(plan.difference, lang),
        band=now.band,
        band_after=then.band,
        duty=now.claimed.duty,
        duty_after=then.claimed.duty,
        done=done,
    )


def _line(plan: MovePlan, change: RequirementChange, answer: Answer | None, lang: str) -> MoveLine:
    requirement = change.requirement
    fits = True
    if answer is not None and answer.value is not None and change.after is not None:
        fits = typed_answer(plan.after, answer).value is not None
    return MoveLine(
        id=change.id,
        number=requirement.source_row,
        title=requirement.title.get(lang),
        question=requirement.question.get(lang),
        answer=_answer(plan.before, change, answer, lang),
        note=answer.note if answer else "",
        no_longer_fits=not fits,
        changes=tuple(change_line(one, lang) for one in change.changes if one.asks_again),
    )


def _answer(before: Catalogue, change: RequirementChange, answer: Answer | None, lang: str) -> str:
    if answer is None or change.before is None:
        return ""
    if answer.not_applicable_reason:
        return _("Does not apply: %(reason)s") % {"reason": answer.not_applicable_reason}
    shown = answer_shown(change.before, typed_answer(before, answer).value)
    return shown.get(lang) if shown else ""


def _done(state: AssessmentState, move: EditionMove | None, lang: str) -> MoveDone | None:
    if move is None or move.to_digest != state.assessment.catalogue_digest:
        return None
    return MoveDone(
        from_edition=move.from_edition,
        to_edition=move.to_edition,
        who=str(move.moved_by or ""),
        at=move.moved_at,
        asked_again=tuple(_kept_lines(state, move, lang)),
        still_open=sum(
            state.answers[name].is_carried_over
            for name in move.asked_again
            if name in state.answers
        ),
        retired=tuple(_retired_lines(move, lang)),
        may_be_undone=may_be_undone(state.assessment, move),
    )


def _kept_lines(state: AssessmentState, move: EditionMove, lang: str) -> Iterable[MoveLine]:
    for name, changes in move.asked_again.items():
        requirement = state.catalogue.requirements.get(name)
        if requirement is not None:
            yield MoveLine(
                id=name,
                number=requirement.source_row,
                title=requirement.title.get(lang),
                question=requirement.question.get(lang),
                answer="",
                note="",
                no_longer_fits=False,
                changes=lines_of_json(changes, lang),
            )


def _retired_lines(move: EditionMove, lang: str) -> Iterable[MoveLine]:
    def said(form: dict[str, str] | None) -> str:
        return Text(form["en"], form["zh_hans"]).get(lang) if form else ""

    for kept in move.retired:
        yield MoveLine(
            id=kept["id"],
            number=kept.get("number", ""),
            title=said(kept.get("title")) or kept["id"],
            question=said(kept.get("question")),
            answer=said(kept["answer"]) or kept.get("not_applicable_reason", ""),
            note=kept["note"],
            no_longer_fits=False,
            changes=(),
        )
