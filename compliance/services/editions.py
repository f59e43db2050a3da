"""Keeping editions of the rules, and moving a draft to a newer one and back."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from checklists import Catalogue
from checklists.engine.difference import Verdict
from compliance import audit, clock, permissions
from compliance.errors import RulesChanged, TransitionNotAllowed
from compliance.models import (
    Answer,
    Assessment,
    CatalogueEdition,
    EditionMove,
    Membership,
)
from compliance.selectors.editions import (
    MovePlan,
    changes_json,
    compressed,
    content_digest,
    last_move,
    may_be_undone,
    move_plan,
    newer_edition,
    state_digest,
)
from compliance.selectors.evaluation import typed_answer
from compliance.selectors.package import answer_shown


def keep_edition(catalogue: Catalogue) -> str:
    """Store an edition, unless it is there already; gives back its digest."""
    digest = content_digest(catalogue)
    if not CatalogueEdition.objects.filter(digest=digest).exists():
        CatalogueEdition.objects.bulk_create(
            [
                CatalogueEdition(
                    digest=digest,
                    catalogue_id=catalogue.id,
                    edition=catalogue.edition,
                    content=compressed(catalogue),
                    stored_at=clock.now(),
                )
            ],
            ignore_conflicts=True,
        )
    return digest


def move_to_newer_edition(*, assessment: Assessment, to: str, by: Membership) -> EditionMove:
    """Judge a draft by the edition of today. `to` is the digest that the preview showed."""
    permissions.require(by, "move_edition", assessment)
    with transaction.atomic():
        _hold_draft(assessment)
        after = newer_edition(assessment)
        if after is None or content_digest(after) != to:
            raise RulesChanged(_("The rules are not those of the preview. Look at it again."))
        before_digest = assessment.catalogue_digest
        answers = {a.requirement: a for a in Answer.objects.filter(assessment=assessment)}
        plan = move_plan(assessment, after, answers)
        marked = [name for name in plan.confirm_again if not answers[name].is_carried_over]
        now = clock.now()
        # A tab that still shows the old question must not save over it: the version moves on.
        Answer.objects.filter(assessment=assessment, requirement__in=plan.confirm_again).update(
            is_carried_over=True, version=F("version") + 1
        )
        assessment.catalogue_edition, assessment.catalogue_digest = (
            after.edition,
            keep_edition(after),
        )
        assessment.save(update_fields=["catalogue_edition", "catalogue_digest", "updated_at"])
        move = EditionMove.objects.create(
            assessment=assessment,
            from_digest=before_digest,
            from_edition=plan.before.edition,
            to_digest=assessment.catalogue_digest,
            to_edition=after.edition,
            asked_again={
                name: changes_json(plan.difference.requirements[name])
                for name in plan.confirm_again
            },
            retired=[_retired(plan, answers[n]) for n in plan.verdicts if _is_retired(plan, n)],
            counts=plan.counts,
            marked=marked,
            state_after=state_digest(assessment),
            moved_by=by.user,
            moved_at=now,
        )
        audit.record(
            by,
            "assessment.edition_moved",
            assessment,
            assessment=assessment,
            before={"edition": move.from_edition, "digest": move.from_digest},
            after={"edition": move.to_edition, "digest": move.to_digest, **plan.counts},
        )
    return move


def _is_retired(plan: MovePlan, name: str) -> bool:
    return plan.verdicts[name] is Verdict.RETIRED


def _retired(plan: MovePlan, answer: Answer) -> dict[str, Any]:
    """The text and the answer of what the new edition no longer asks."""
    requirement = plan.before.requirements.get(answer.requirement)
    if requirement is None:
        return {"id": answer.requirement, "answer": None, "note": answer.note}
    shown = answer_shown(requirement, typed_answer(plan.before, answer).value)
    return {
        "id": requirement.id,
        "number": requirement.source_row,
        "title": requirement.title.as_json(),
        "question": requirement.question.as_json(),
        "answer": shown.as_json() if shown else None,
        "not_applicable_reason": answer.not_applicable_reason,
        "note": answer.note,
    }


def undo_move(*, assessment: Assessment, by: Membership) -> EditionMove:
    """Take the last move back, as long as nothing was edited since."""
    permissions.require(by, "move_edition", assessment)
    with transaction.atomic():
        _hold_draft(assessment)
        move = last_move(assessment)
        if move is None or not may_be_undone(assessment, move):
            raise RulesChanged(
                _("Something was edited since the move, so it stays. Change single answers.")
            )
        again = Answer.objects.filter(assessment=assessment, requirement__in=move.asked_again)
        again.update(version=F("version") + 1)
        again.filter(requirement__in=move.marked).update(is_carried_over=False)
        assessment.catalogue_edition = move.from_edition
        assessment.catalogue_digest = move.from_digest
        assessment.save(update_fields=["catalogue_edition", "catalogue_digest", "updated_at"])
        move.undone_by, move.undone_at = by.user, clock.now()
        move.save(update_fields=["undone_by", "undone_at"])
        audit.record(
            by,
            "assessment.edition_move_undone",
            assessment,
            assessment=assessment,
            before={"edition": move.to_edition, "digest": move.to_digest},
            after={"edition": move.from_edition, "digest": move.from_digest},
        )
    return move


def _hold_draft(assessment: Assessment) -> None:
    """Lock the row of a draft, and see it as it is stored now."""
    here = Assessment.objects.filter(pk=assessment.pk, status=Assessment.Status.DRAFT)
    if here.update(updated_at=clock.now()) != 1:
        raise TransitionNotAllowed(
            _("Only a draft moves to another edition. What was submitted stays as it was.")
        )
    assessment.refresh_from_db(
        fields=["status", "catalogue_edition", "catalogue_digest", "facts", "facts_version"]
    )
