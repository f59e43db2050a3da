"""A submission and what the officer makes of it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from checklists import Outcome
from compliance.models.assessments import Assessment
from compliance.models.firms import OfFirm, OfFirmQuerySet

DETERMINABLE = (Outcome.MET, Outcome.PARTLY_MET, Outcome.NOT_MET, Outcome.NOT_APPLICABLE)


class SubmissionQuerySet(OfFirmQuerySet["Submission"]):
    def without_content(self) -> SubmissionQuerySet:
        """For lists: the frozen content of 140 requirements is large."""
        return self.defer("content")


class Submission(OfFirm, models.Model):
    """A frozen, numbered copy of an assessment: all that a report needs, never edited."""

    FIRM = "assessment.firm"

    class Decision(models.TextChoices):
        RETURNED = "returned", _("Returned")
        ACCEPTED = "accepted", _("Accepted")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="submissions")
    number = models.PositiveIntegerField()
    round = models.PositiveIntegerField(default=1)  # of the review; a withdrawn one had none
    content = models.JSONField()
    digest = models.CharField(max_length=64)  # SHA-256 of the canonical JSON of `content`
    band = models.CharField(max_length=30)
    idempotency_key = models.CharField(max_length=200, blank=True)
    submitted_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    submitted_at = models.DateTimeField()
    decision = models.CharField(max_length=20, choices=Decision.choices, blank=True)
    decision_statement = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    # Accepted while findings were open: the status stays "accepted", the words say it.
    with_conditions = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Submission]] = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = _("submission")
        verbose_name_plural = _("submissions")
        ordering = ["-submitted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "number"], name="submissions_are_numbered"
            ),
            models.UniqueConstraint(
                fields=["assessment", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="one_submission_per_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.assessment} no. {self.number}"


class Attestation(models.Model):
    """A named officer's signed statement on a submission."""

    submission = models.OneToOneField(
        Submission, on_delete=models.CASCADE, related_name="attestation"
    )
    officer = models.ForeignKey("compliance.User", on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("full name"), max_length=120)
    position = models.CharField(_("position"), max_length=120)
    statement = models.TextField(_("statement"), blank=True)
    signed_at = models.DateTimeField()

    class Meta:
        verbose_name = _("attestation")
        verbose_name_plural = _("attestations")

    def __str__(self) -> str:
        return f"{self.name}, {self.position}"


class Determination(models.Model):
    """The reviewer's outcome for one requirement; stands beside the evaluation."""

    submission = models.ForeignKey(
        Submission, on_delete=models.CASCADE, related_name="determinations"
    )
    requirement = models.CharField(max_length=120)
    outcome = models.CharField(
        _("outcome"), max_length=20, choices=[(o.value, o.value) for o in DETERMINABLE]
    )
    comment = models.TextField(_("comment to the firm"), blank=True)
    opens_again = models.BooleanField(_("open again when returned"), default=False)
    is_carried_over = models.BooleanField(default=False)  # unchanged since the last round
    version = models.PositiveIntegerField(default=1)
    by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("determination")
        verbose_name_plural = _("determinations")
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "requirement"], name="one_determination_per_requirement"
            ),
            models.CheckConstraint(
                condition=models.Q(outcome__in=[o.value for o in DETERMINABLE]),
                name="determination_outcome_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement}: {self.outcome}"


class Finding(models.Model):
    """A gap the reviewer records."""

    class Severity(models.TextChoices):
        MAJOR = "major", pgettext_lazy("finding", "Major")
        MINOR = "minor", pgettext_lazy("finding", "Minor")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="findings")
    number = models.PositiveIntegerField()  # within the assessment
    requirement = models.CharField(max_length=120)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity.choices)
    missing = models.TextField(_("what is missing"))
    due_on = models.DateField(_("to be closed by"))
    raised_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    raised_at = models.DateTimeField()

    class Meta:
        verbose_name = _("finding")
        verbose_name_plural = _("findings")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["submission", "number"], name="findings_are_numbered"),
        ]

    def __str__(self) -> str:
        return f"{self.label} {self.requirement}"

    @property
    def label(self) -> str:
        """F-07, as people speak of it."""
        return f"F-{self.number:02d}"


class Question(models.Model):
    """What the officer asks about one answer, and what the firm says to it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="questions")
    requirement = models.CharField(max_length=120)
    text = models.TextField(_("question"))
    asked_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    answer = models.TextField(_("answer"), blank=True)
    answered_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        ordering = ["asked_at"]
        indexes = [models.Index(fields=["submission", "requirement"], name="questions_of_answer")]

    def __str__(self) -> str:
        return self.text[:60]
