"""What happened to an assessment since somebody looked; pages and API stay live by the same."""

from __future__ import annotations

from django.db.models import OuterRef, QuerySet, Subquery

from compliance.models import Assessment, AuditEvent


def with_cursor(assessments: QuerySet[Assessment]) -> QuerySet[Assessment]:
    """The same assessments, each with its cursor, in the same query."""
    newest = _newest_first().filter(assessment=OuterRef("pk")).values("id")
    return assessments.annotate(last_event=Subquery(newest[:1]))


def cursor_of(assessment: Assessment) -> int:
    """The id of the newest event of its trail, 0 before the first; moves with every change.

    No query where the assessment came with its cursor, else one.
    """
    if hasattr(assessment, "last_event"):
        return assessment.last_event or 0
    return _newest_first().filter(assessment=assessment).values_list("id", flat=True).first() or 0


def changes_since(assessment: Assessment, cursor: int) -> QuerySet[AuditEvent]:
    """The events after the cursor, oldest first; no query where there are none."""
    if cursor_of(assessment) <= cursor:
        return AuditEvent.objects.none()
    return AuditEvent.objects.filter(assessment=assessment, id__gt=cursor).order_by("id")


def _newest_first() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.order_by("-id")
