"""A token lets a program act for one person; only the hash of it is stored."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

if TYPE_CHECKING:
    from compliance.models.people import User


class Scope(models.TextChoices):
    """What a program may do with a token; never more than the person may."""

    READ = "read", pgettext_lazy("token", "read")
    WRITE = "write", pgettext_lazy("token", "write")
    REVIEW = "review", pgettext_lazy("token", "review")


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def live(self, at: datetime) -> AccessTokenQuerySet:
        """Those that still open the door at this moment."""
        not_ended = models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=at)
        return self.filter(not_ended, revoked_at__isnull=True)

    def of(self, user: User) -> AccessTokenQuerySet:
        return self.filter(user=user)


class AccessToken(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        "compliance.User", on_delete=models.CASCADE, related_name="access_tokens"
    )
    name = models.CharField(_("name"), max_length=80)
    scopes = models.JSONField(default=list)  # of Scope
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the token, in hex
    start = models.CharField(max_length=12)  # its first letters, by which a person knows it again
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # null: it does not end by itself
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[AccessToken]] = AccessTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("access token")
        verbose_name_plural = _("access tokens")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["user", "created_at"], name="tokens_of_person")]

    def __str__(self) -> str:
        return self.name

    def is_live(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)
