"""The editions of the rules that assessments are judged by, and their moves to a newer one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from compliance.models.assessments import Assessment


class CatalogueEdition(models.Model):
    """A catalogue as it was when an assessment began, so that it can be judged by it for ever."""

    digest = models.CharField(max_length=64, primary_key=True)
    catalogue_id = models.CharField(max_length=60)
    edition = models.CharField(max_length=40)
    content = models.BinaryField()  # the exported catalogue, compressed
    stored_at = models.DateTimeField()

    class Meta:
        verbose_name = _("edition of the catalogue")
        verbose_name_plural = _("editions of the catalogue")
        indexes = [models.Index(fields=["catalogue_id"], name="editions_of_a_catalogue")]

    def __str__(self) -> str:
        return f"{self.catalogue_id} {self.edition}"


class EditionMove(models.Model):
    """One draft's move to a newer edition: what it changed, and what it takes to undo it."""

    assessment = models.ForeignKey(
        Assessment, on_delete=models.CASCADE, related_name="edition_moves"
    )
    from_digest = models.CharField(max_length=64)
    from_edition = models.CharField(max_length=40)
    to_digest = models.CharField(max_length=64)
    to_edition = models.CharField(max_length=40)
    # requirement id → what changed: [{label, before, after}], each a text in both languages
    asked_again = models.JSONField(default=dict)
    # [{id, number, title, question, answer, note}]: what the new edition no longer asks
    retired = models.JSONField(default=list)
    counts = models.JSONField(default=dict)  # answers by verdict
    marked = models.JSONField(default=list)  # requirements that the move marked to be confirmed
    state_after = models.CharField(max_length=64)  # changes with every later edit
    moved_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    moved_at = models.DateTimeField()
    undone_by = models.ForeignKey(
        "compliance.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("move to another edition")
        verbose_name_plural = _("moves to another edition")
        ordering = ["-moved_at", "-id"]

    def __str__(self) -> str:
        return f"{self.from_edition} → {self.to_edition}"
