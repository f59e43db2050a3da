"""A readiness report. Its row is also the queue entry that a worker takes up."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compliance import clock
from compliance.models.firms import OfFirm, OfFirmQuerySet
from compliance.models.review import Submission
from compliance.models.signing import SigningCertificate

if TYPE_CHECKING:
    from compliance.models.people import User


class ReportQuerySet(OfFirmQuerySet["Report"]):
    def visible_to(self, user: User) -> ReportQuerySet:
        """Without what was frozen: lists would load megabytes."""
        return super().visible_to(user).defer("submission__content", "review")


class Report(OfFirm, models.Model):
    FIRM = "submission.assessment.firm"

    class Kind(models.TextChoices):
        FULL = "full", _("Full report")
        SUMMARY = "summary", _("Summary")

    class Language(models.TextChoices):
        ENGLISH = "en", _("English")
        CHINESE = "zh-hans", _("Simplified Chinese")
        BOTH = "both", _("English and Chinese side by side")

    class Status(models.TextChoices):
        REQUESTED = "requested", _("Waiting")
        RENDERING = "rendering", _("Being made")
        READY = "ready", pgettext_lazy("report", "Ready")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    lang = models.CharField(max_length=10, choices=Language.choices)
    # The review as it stood when the report was asked for, and the digest of both together:
    # asked twice for the same state gives the same report, after a decision a new one.
    review = models.JSONField()
    source_digest = models.CharField(max_length=64)
    code = models.CharField(max_length=20, unique=True)  # for the public check, TH-XXXX-XXXX-XXXX

    status = models.CharField(max_length=20, choices=Status.choices, default=Status.REQUESTED)
    progress = models.PositiveSmallIntegerField(default=0)  # percent
    step = models.CharField(max_length=60, blank=True)  # key of what is being done now
    attempts = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)  # grows with every taking; the last one wins
    lease_until = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    file = models.FileField(upload_to="reports/%Y/%m", max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    pages = models.PositiveIntegerField(null=True)
    size = models.PositiveBigIntegerField(null=True)  # bytes
    certificate = models.ForeignKey(
        SigningCertificate, on_delete=models.PROTECT, null=True, related_name="+"
    )

    requested_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    requested_at = models.DateTimeField()
    queued_at = models.DateTimeField(default=clock.now)  # later than asked for: put back in line
    finished_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Report]] = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["-requested_at"]
        indexes = [models.Index(fields=["status", "lease_until"], name="report_queue")]
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "kind", "lang", "source_digest"],
                name="one_report_per_state",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission} {self.kind} {self.lang}"

    @property
    def label(self) -> str:
        """The code, as people speak of it."""
        return self.code
