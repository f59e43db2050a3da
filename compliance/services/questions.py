"""Questions between officer and firm, asked and answered beside the answer they are about."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from compliance import audit, clock, permissions
from compliance.errors import InvalidInput, TransitionNotAllowed
from compliance.models import Membership, Question, Submission
from compliance.services.other_eyes import require_other_eyes
from compliance.services.review import row_of, take_up
from compliance.services.texts import LONGEST_TEXT, clean_text


def ask_question(
    *, submission: Submission, requirement_id: str, text: str, by: Membership
) -> Question:
    """A question to the firm about one answer; the answer itself stays locked."""
    permissions.require(by, "ask_question", submission.assessment)
    require_other_eyes(submission.assessment, by)
    row_of(submission, requirement_id)
    text = clean_text(text).strip()
    if not 3 <= len(text) <= LONGEST_TEXT:
        raise InvalidInput({"text": _("Write your question, in 3 to 20,000 characters.")})
    with transaction.atomic():
        take_up(submission)
        question = Question.objects.create(
            submission=submission,
            requirement=requirement_id,
            text=text,
            asked_by=by.user,
            asked_at=clock.now(),
        )
        audit.record(
            by,
            "question.asked",
            question,
            assessment=submission.assessment,
            requirement=requirement_id,
            after={"text": text},
        )
    return question


def answer_question(*, question: Question, answer: str, by: Membership) -> Question:
    """What the firm says to it, once; the officer reads it beside the question."""
    submission = question.submission
    permissions.require(by, "answer_question", submission.assessment)
    answer = clean_text(answer).strip()
    if not 1 <= len(answer) <= LONGEST_TEXT:
        raise InvalidInput({"answer": _("Write your answer, in at most 20,000 characters.")})
    with transaction.atomic():
        still_open = Question.objects.filter(
            pk=question.pk, answered_at=None, submission__decision=""
        )
        said = {"answer": answer, "answered_by": by.user, "answered_at": clock.now()}
        if still_open.update(**said) != 1:
            raise TransitionNotAllowed(
                _("This question is answered already, or its submission is decided.")
            )
        audit.record(
            by,
            "question.answered",
            question,
            assessment=submission.assessment,
            requirement=question.requirement,
            after={"answer": answer},
        )
    for name, value in said.items():
        setattr(question, name, value)
    return question
