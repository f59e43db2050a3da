"""An assessment: one firm's work on one mission or on the whole firm, judged as of one date."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.firms import Firm, OfFirm, OfFirmQuerySet


class AssessmentQuerySet(OfFirmQuerySet["Assessment"]):
    def in_review(self) -> AssessmentQuerySet:
        return self.filter(status__in=[Assessment.Status.SUBMITTED, Assessment.Status.IN_REVIEW])


class Assessment(OfFirm, models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        SUBMITTED = "submitted", _("Submitted")
        IN_REVIEW = "in_review", _("In review")
        RETURNED = "returned", _("Returned")
        ACCEPTED = "accepted", _("Accepted")
        ARCHIVED = "archived", _("Archived")

    EDITABLE: ClassVar[tuple[str, ...]] = (Status.DRAFT, Status.RETURNED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="assessments")
    title = models.CharField(_("title"), max_length=200)
    as_of = models.DateField(_("judged as of"))
    status = models.CharField(
        _("status"), max_length=20, choices=Status.choices, default=Status.DRAFT
    )
    catalogue_id = models.CharField(max_length=60, default="cnsa_2025_2027")
    catalogue_edition = models.CharField(max_length=30)
    # The edition by what it says (`CatalogueEdition`); "" is whatever is in force.
    catalogue_digest = models.CharField(max_length=64, blank=True, default="")
    # name of the fact → its JSON form; null is "don't know yet", a missing name is not answered
    facts = models.JSONField(default=dict)
    facts_version = models.PositiveIntegerField(default=0)
    # What the officer opened again: requirement ids, and whether facts may change.
    reopened = models.JSONField(default=list)
    facts_reopened = models.BooleanField(default=False)
    created_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects: ClassVar[models.Manager[Assessment]] = AssessmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["firm", "status"], name="assessment_firm_status")]

    def __str__(self) -> str:
        return self.title

    @property
    def is_editable(self) -> bool:
        return self.status in self.EDITABLE


class Answer(models.Model):
    """What the firm states on one requirement. `version` grows by one with every save."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="answers")
    requirement = models.CharField(max_length=120)
    value = models.JSONField(null=True)  # JSON form of the typed value
    not_applicable_reason = models.TextField(blank=True)
    note = models.TextField(blank=True)
    flag = models.CharField(max_length=20, blank=True)
    is_carried_over = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    updated_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("answer")
        verbose_name_plural = _("answers")
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "requirement"], name="one_answer_per_requirement"
            ),
        ]

    def __str__(self) -> str:
        return self.requirement
