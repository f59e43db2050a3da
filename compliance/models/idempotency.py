"""What the API answered to a request with an Idempotency-Key, kept for a day."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class KeptReply(models.Model):
    """One key of one person; written in the transaction that did what was asked."""

    user = models.ForeignKey("compliance.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)  # SHA-256 of method, path and body
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("kept reply")
        verbose_name_plural = _("kept replies")
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="one_reply_per_key"),
        ]

    def __str__(self) -> str:
        return self.key
