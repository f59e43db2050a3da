"""Working together on an assessment: who is asked to do what, what is said, who is here."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.assessments import Assessment


class Delegation(models.Model):
    """One requirement in one person's hands. A topic or a measure is as many rows as it has."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="delegations")
    requirement = models.CharField(max_length=120)
    to = models.ForeignKey(
        "compliance.User",
        on_delete=models.CASCADE,
        related_name="delegations",
        verbose_name=_("to"),
    )
    due_on = models.DateField(_("due on"), null=True, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("delegation")
        verbose_name_plural = _("delegations")
        indexes = [models.Index(fields=["to", "due_on"], name="delegations_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "requirement"], name="one_delegation_per_requirement"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.requirement} → {self.to}"


class Comment(models.Model):
    """What somebody said about a requirement. Taken back, it stays as a row without its text."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="comments")
    requirement = models.CharField(max_length=120)
    author = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    author_name = models.CharField(max_length=120)
    text = models.TextField(_("comment"), blank=True)
    mentions: models.ManyToManyField[Any, Any] = models.ManyToManyField(
        "compliance.User", related_name="+", verbose_name=_("mentions")
    )
    at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)  # grows with every change of the words
    edited_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("comment")
        verbose_name_plural = _("comments")
        ordering = ["at", "id"]
        indexes = [
            models.Index(fields=["assessment", "requirement", "at"], name="comments_of_requirement")
        ]

    def __str__(self) -> str:
        return f"{self.author_name}: {self.text[:40]}"


class DiscussionMark(models.Model):
    """A requirement that somebody wants to talk about; gone once that is done."""

    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="discussion_marks"
    )
    requirement = models.CharField(max_length=120)
    by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("mark “needs discussion”")
        verbose_name_plural = _("marks “needs discussion”")
        constraints = [
            models.UniqueConstraint(
                fields=["assessment", "requirement"], name="one_discussion_per_requirement"
            ),
        ]

    def __str__(self) -> str:
        return self.requirement


class Presence(models.Model):
    """Where in an assessment a person was last seen; worth nothing after a minute."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("compliance.User", on_delete=models.CASCADE, related_name="+")
    requirement = models.CharField(max_length=120)
    seen_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Presence]] = models.Manager()

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        indexes = [
            models.Index(fields=["assessment", "requirement"], name="presence_of_requirement")
        ]
        constraints = [
            models.UniqueConstraint(fields=["assessment", "user"], name="one_place_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.requirement}"
