"""What colleagues say to each other about a requirement, and the mark that asks for a talk."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from compliance import audit, clock, permissions
from compliance.errors import (
    InvalidInput,
    NotPermitted,
    SomebodySavedFirst,
    TransitionNotAllowed,
)
from compliance.models import Assessment, AuditEvent, Comment, DiscussionMark, Membership
from compliance.selectors.discussion import mentioned_in
from compliance.services.answers import requirement_of
from compliance.services.texts import clean_text

LONGEST_COMMENT = 4_000


def add_comment(
    *, assessment: Assessment, requirement_id: str, text: str, by: Membership
) -> Comment:
    """A comment; colleagues named in it with an @ are mentioned."""
    permissions.require(by, "discuss", assessment)
    requirement_of(assessment, requirement_id)
    text = _checked(text)
    with transaction.atomic():
        _touch(assessment)
        comment = Comment.objects.create(
            assessment=assessment,
            requirement=requirement_id,
            author=by.user,
            author_name=str(by.user)[:120],
            text=text,
            at=clock.now(),
        )
        mentions = _mention(comment, by)
        _record(by, "comment.added", comment, after={"text": text, "mentions": mentions})
    return comment


def edit_comment(
    *, comment: Comment, text: str, by: Membership, base_version: int | None = None
) -> Comment:
    """The author's own words in other words; the trail keeps both.

    `base_version` is the version the author started from; None changes whatever is stored.
    """
    _require_own(comment, by)
    text = _checked(text)
    if text == comment.text and base_version in (None, comment.version):
        return comment
    before, now = comment.text, clock.now()
    with transaction.atomic():
        _touch(comment.assessment)
        _change(comment, base_version, text=text, edited_at=now)
        named = [str(person) for person in comment.mentions.values_list("pk", flat=True)]
        mentions = _mention(comment, by)
        _record(
            by,
            "comment.edited",
            comment,
            before={"text": before, "mentions": named},
            after={"text": text, "mentions": mentions},
        )
    return comment


def remove_comment(*, comment: Comment, by: Membership, base_version: int | None = None) -> None:
    """Take the author's own words back; that there was a comment stays to be seen."""
    _require_own(comment, by)
    before = comment.text
    with transaction.atomic():
        _touch(comment.assessment)
        _change(comment, base_version, text="", removed_at=clock.now())
        comment.mentions.clear()
        _record(by, "comment.removed", comment, before={"text": before})


def restore_comment(*, comment: Comment, by: Membership) -> None:
    """Put back what its author took back; the trail keeps the words."""
    _require_own(comment, by)
    with transaction.atomic():
        _touch(comment.assessment)
        removed = AuditEvent.objects.filter(
            firm=comment.assessment.firm_id,
            action="comment.removed",
            subject=f"{comment._meta.model_name}:{comment.pk}",
        )
        last = removed.order_by("-sequence").first()
        here = Comment.objects.filter(pk=comment.pk).exclude(removed_at=None)
        if last is None or not here.update(removed_at=None):
            return  # it stands there already
        words = (last.before or {}).get("text", "")
        Comment.objects.filter(pk=comment.pk).update(text=words, version=F("version") + 1)
        comment.refresh_from_db()
        mentions = _mention(comment, by)
        _record(by, "comment.restored", comment, after={"text": comment.text, "mentions": mentions})


def ask_for_discussion(*, assessment: Assessment, requirement_id: str, by: Membership) -> None:
    """Mark that a requirement has to be talked about; nothing where it is marked already."""
    permissions.require(by, "discuss", assessment)
    requirement_of(assessment, requirement_id)
    with transaction.atomic():
        _touch(assessment)
        mark, is_new = DiscussionMark.objects.get_or_create(
            assessment=assessment,
            requirement=requirement_id,
            defaults={"by": by.user, "at": clock.now()},
        )
        if is_new:
            audit.record(
                by, "discussion.asked", mark, assessment=assessment, requirement=requirement_id
            )


def resolve_discussion(*, assessment: Assessment, requirement_id: str, by: Membership) -> None:
    """Take the mark away: it has been talked about."""
    permissions.require(by, "discuss", assessment)
    marks = DiscussionMark.objects.filter(assessment=assessment, requirement=requirement_id)
    with transaction.atomic():
        _touch(assessment)
        mark = marks.first()
        if mark is not None:
            audit.record(
                by, "discussion.resolved", mark, assessment=assessment, requirement=requirement_id
            )
            mark.delete()


def _checked(text: str) -> str:
    text = clean_text(text).strip()
    if not text:
        raise InvalidInput({"text": _("Write something before you send it.")})
    if len(text) > LONGEST_COMMENT:
        raise InvalidInput(
            {
                "text": _("This has %(count)d characters; at most 4,000 are kept. Shorten it.")
                % {"count": len(text)}
            }
        )
    return text


def _require_own(comment: Comment, by: Membership) -> None:
    permissions.require(by, "discuss", comment.assessment)
    if comment.author_id != by.user_id:
        raise NotPermitted(_("Only its author changes a comment. Write one of your own."))


def _touch(assessment: Assessment) -> None:
    """Lock the row, and tell open pages that something changed; refuse in the archive."""
    here = Assessment.objects.filter(pk=assessment.pk).exclude(status=Assessment.Status.ARCHIVED)
    if here.update(updated_at=clock.now()) != 1:
        raise TransitionNotAllowed(_("The assessment is archived; it is only read now."))


def _change(comment: Comment, base_version: int | None, **fields: Any) -> None:
    """Write the fields, unless the comment was changed or taken back in another window.

    The lock on the assessment lets one writer in at a time.
    """
    stored = Comment.objects.filter(pk=comment.pk, removed_at=None).first()
    if stored is None:
        raise TransitionNotAllowed(_("This comment was taken back. Load the page again."))
    if base_version not in (None, stored.version):
        raise SomebodySavedFirst(theirs=stored)
    Comment.objects.filter(pk=comment.pk).update(**fields, version=F("version") + 1)
    for name, value in fields.items():
        setattr(comment, name, value)
    comment.version = stored.version + 1


def _mention(comment: Comment, by: Membership) -> list[str]:
    """Keep who is named in the text; gives back their ids."""
    team = Membership.objects.filter(firm=by.firm).select_related("user")
    named = mentioned_in(comment.text, [member.user for member in team])
    comment.mentions.set(named)
    return [str(user.pk) for user in named]


def _record(by: Membership, action: str, comment: Comment, **content: Any) -> None:
    audit.record(
        by,
        action,
        comment,
        assessment=comment.assessment,
        requirement=comment.requirement,
        **content,
    )
