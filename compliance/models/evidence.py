"""Evidence: a file or a link, kept by the firm, that shows an answer is true."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.assessments import Assessment
from compliance.models.firms import Firm

if TYPE_CHECKING:
    from compliance.models.people import User


def evidence_path(evidence: Evidence, filename: str) -> str:
    """A name made by us alone; what the person called the file is kept beside it."""
    return f"evidence/{evidence.firm_id}/{uuid.uuid4()}"


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def visible_to(self, user: User) -> EvidenceQuerySet:
        return self.filter(firm__memberships__user=user)


class Evidence(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(_("kind"), max_length=80, blank=True)  # "": nobody has said yet
    title = models.CharField(_("title"), max_length=200)
    file = models.FileField(upload_to=evidence_path, max_length=200, blank=True)
    filename = models.CharField(max_length=255, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    size = models.PositiveBigIntegerField(default=0)  # bytes
    sha256 = models.CharField(max_length=64, blank=True)
    url = models.URLField(_("link"), max_length=500, blank=True)
    effective_on = models.DateField(_("effective from"), null=True, blank=True)
    expires_on = models.DateField(_("valid until"), null=True, blank=True)
    pages = models.PositiveIntegerField(null=True)  # of a PDF
    # The piece this one is a newer version of; the older one stays for what it served.
    replaces = models.OneToOneField(
        "self", on_delete=models.RESTRICT, null=True, related_name="replaced_by"
    )
    version = models.PositiveIntegerField(default=1)  # grows with every change of what is said
    added_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    added_at = models.DateTimeField(auto_now_add=True)

    # Of the use through which it was read: carried over, and not confirmed yet.
    is_carried_over = False

    objects: ClassVar[models.Manager[Evidence]] = EvidenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("evidence")
        verbose_name_plural = _("evidence")
        ordering = ["added_at"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(file="", url=""), name="evidence_is_a_file_or_a_link"
            ),
            models.CheckConstraint(
                condition=models.Q(effective_on__isnull=True)
                | models.Q(expires_on__isnull=True)
                | models.Q(effective_on__lte=models.F("expires_on")),
                name="evidence_begins_before_it_ends",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class EvidenceUse(models.Model):
    """One piece of evidence serves one requirement of one assessment."""

    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, related_name="uses")
    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="evidence_uses"
    )
    requirement = models.CharField(max_length=120)
    is_carried_over = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("use of evidence")
        verbose_name_plural = _("uses of evidence")
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "requirement", "evidence"], name="evidence_is_attached_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.evidence} → {self.requirement}"
