"""The firm's plan for a gap: who does what by when, and what shows that it is done."""

from __future__ import annotations

import uuid
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compliance.models.assessments import Assessment
from compliance.models.evidence import Evidence
from compliance.models.firms import Firm, OfFirm, OfFirmQuerySet
from compliance.models.review import Finding

if TYPE_CHECKING:
    from compliance.models.people import User


class CorrectiveActionQuerySet(OfFirmQuerySet["CorrectiveAction"]):
    def visible_to(self, user: User) -> CorrectiveActionQuerySet:
        return super().visible_to(user).select_related("finding", "assessment__firm", "owner")

    def unfinished(self) -> CorrectiveActionQuerySet:
        """What the firm still has to do."""
        return self.filter(status__in=CorrectiveAction.UNFINISHED)

    def not_verified(self) -> CorrectiveActionQuerySet:
        """Everything that keeps its finding open."""
        return self.exclude(status=CorrectiveAction.Status.VERIFIED)

    def overdue(self, today: date) -> CorrectiveActionQuerySet:
        """Not done on the day the firm planned, or on the day the officer set."""
        late = models.Q(due_on__lt=today) | models.Q(finding__due_on__lt=today)
        return self.unfinished().filter(late)


class CorrectiveAction(OfFirm, models.Model):
    """One line of the plan, for an officer's finding or for a gap the firm saw by itself.

    What was frozen with the finding stands beside what the firm says.
    """

    class Status(models.TextChoices):
        OPEN = "open", pgettext_lazy("corrective action", "Open")
        IN_PROGRESS = "in_progress", pgettext_lazy("corrective action", "In progress")
        DONE = "done", pgettext_lazy("corrective action", "Done, to verify")
        VERIFIED = "verified", pgettext_lazy("corrective action", "Verified")
        REOPENED = "reopened", pgettext_lazy("corrective action", "Reopened")

    class Severity(models.TextChoices):
        BLOCKING = "blocking", pgettext_lazy("finding", "Blocking")
        MAJOR = "major", pgettext_lazy("finding", "Major")
        MINOR = "minor", pgettext_lazy("finding", "Minor")

    class Currency(models.TextChoices):
        CNY = "CNY", _("CNY, renminbi")
        USD = "USD", _("USD, US dollar")
        EUR = "EUR", _("EUR, euro")
        HKD = "HKD", _("HKD, Hong Kong dollar")

    UNFINISHED: ClassVar[tuple[str, ...]] = (Status.OPEN, Status.IN_PROGRESS, Status.REOPENED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="corrective_actions")
    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="corrective_actions"
    )
    finding = models.OneToOneField(
        Finding, on_delete=models.CASCADE, null=True, related_name="corrective_action"
    )
    own_number = models.PositiveIntegerField(null=True)  # within the firm, without a finding
    # Copies of what the submission froze, so that a list never reads its large content.
    requirement = models.CharField(max_length=120)
    requirement_title = models.JSONField()  # {en, zh_hans}
    suggested = models.JSONField()  # {en, zh_hans}
    severity = models.CharField(_("severity"), max_length=10, choices=Severity.choices)

    title = models.CharField(_("what will be done"), max_length=200, blank=True)
    plan = models.TextField(_("how it will be done"), blank=True)
    owner = models.ForeignKey(
        "compliance.User",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="corrective_actions",
        verbose_name=_("owner"),
    )
    due_on = models.DateField(_("due on"))
    cost = models.DecimalField(_("cost"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(
        _("currency"), max_length=3, choices=Currency.choices, default=Currency.CNY
    )

    status = models.CharField(
        _("status"), max_length=20, choices=Status.choices, default=Status.OPEN
    )
    version = models.PositiveIntegerField(default=1)  # grows with every change
    closing_note = models.TextField(_("what was done"), blank=True)
    officer_comment = models.TextField(_("the officer’s comment"), blank=True)
    times_reopened = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects: ClassVar[models.Manager[CorrectiveAction]] = CorrectiveActionQuerySet.as_manager()

    class Meta:
        verbose_name = _("corrective action")
        verbose_name_plural = _("corrective actions")
        ordering = ["due_on", "created_at"]
        indexes = [models.Index(fields=["firm", "status", "due_on"], name="actions_of_firm")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(cost__isnull=True) | models.Q(cost__gte=0),
                name="action_cost_is_not_negative",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["open", "in_progress", "done", "verified", "reopened"]
                ),
                name="action_status_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(finding__isnull=True, own_number__isnull=False)
                | models.Q(finding__isnull=False, own_number__isnull=True),
                name="action_has_a_finding_or_a_number",
            ),
            models.UniqueConstraint(fields=["firm", "own_number"], name="own_actions_are_numbered"),
        ]

    def __str__(self) -> str:
        return f"{self.label}: {self.title or self.suggested.get('en', '')}"

    @property
    def number(self) -> int:
        """Of its finding within the assessment, or of its own within the firm."""
        return self.finding.number if self.finding else self.own_number or 0

    @property
    def label(self) -> str:
        """F-07 or A-02, as people speak of it."""
        return self.finding.label if self.finding else f"A-{self.number:02d}"

    @property
    def missing(self) -> str:
        """What the officer found missing; nothing where the firm acts by itself."""
        return self.finding.missing if self.finding else ""

    @property
    def is_unfinished(self) -> bool:
        return self.status in self.UNFINISHED

    @property
    def deadline_on(self) -> date:
        """The day from which it is late: the firm's own, but never later than the officer's."""
        return min(self.due_on, self.finding.due_on) if self.finding else self.due_on

    def is_overdue(self, today: date) -> bool:
        return self.is_unfinished and self.deadline_on < today


class Milestone(models.Model):
    """A step on the way, with its own day."""

    action = models.ForeignKey(
        CorrectiveAction, on_delete=models.CASCADE, related_name="milestones"
    )
    position = models.PositiveSmallIntegerField()
    title = models.CharField(_("step"), max_length=200)
    due_on = models.DateField(_("due on"), null=True, blank=True)
    done_on = models.DateField(_("done on"), null=True, blank=True)

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "position"], name="milestones_are_in_an_order"
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ClosingEvidence(models.Model):
    """A piece of the firm's evidence that shows an action is done."""

    action = models.ForeignKey(
        CorrectiveAction, on_delete=models.CASCADE, related_name="closing_evidence"
    )
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="closes")

    class Meta:
        verbose_name = _("closing evidence")
        verbose_name_plural = _("closing evidence")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["action", "evidence"], name="evidence_closes_an_action_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence} → {self.action_id}"
