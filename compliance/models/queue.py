"""The officer's queue: one small row per submission, so that a desk of thousands reads quickly.

A submission's own row holds the frozen content of 140 requirements. A list that only wants its
figures reads them here; `services/queue.py` writes them, whenever one of them changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.assessments import Assessment
from compliance.models.firms import Firm, Membership, Role
from compliance.models.review import Submission

if TYPE_CHECKING:
    from compliance.models.people import User


class QueueEntryQuerySet(models.QuerySet["QueueEntry"]):
    def on_desk_of(self, user: User) -> QueueEntryQuerySet:
        """The submissions of all firms in which this person is an officer."""
        mine = Membership.objects.filter(user=user, role=Role.OFFICER)
        return self.filter(firm__in=mine.values("firm"))

    def waiting(self) -> QueueEntryQuerySet:
        return self.filter(is_waiting=True)


class QueueEntry(models.Model):
    submission = models.OneToOneField(
        Submission, on_delete=models.CASCADE, primary_key=True, related_name="queue_entry"
    )
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="+")
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField()
    round = models.PositiveIntegerField()
    submitted_at = models.DateTimeField()
    is_waiting = models.BooleanField()  # neither decided nor withdrawn
    decision = models.CharField(max_length=20, blank=True)
    decided_at = models.DateTimeField(null=True)
    with_conditions = models.BooleanField(default=False)
    band = models.CharField(max_length=30)
    blockers = models.PositiveIntegerField()
    reviewed = models.PositiveIntegerField()
    total = models.PositiveIntegerField()
    # topic → [confirmed duty score as text or null, whether a blocker stands in it]
    topics = models.JSONField(default=dict)
    duty_score = models.CharField(max_length=6, blank=True)  # confirmed, "" where no duty applies
    assigned_to = models.ForeignKey(
        "compliance.User",
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("taken by"),
    )

    objects: ClassVar[models.Manager[QueueEntry]] = QueueEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("entry of the queue")
        verbose_name_plural = _("entries of the queue")
        ordering = ["submitted_at"]
        indexes = [
            models.Index(fields=["firm", "is_waiting", "submitted_at"], name="queue_of_firm")
        ]

    def __str__(self) -> str:
        return f"{self.assessment_id} no. {self.number}"
