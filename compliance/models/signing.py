"""The certificates that reports were signed with, kept after their key has been replaced."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SigningCertificate(models.Model):
    fingerprint = models.CharField(max_length=64, primary_key=True)  # SHA-256 of its DER form
    subject = models.CharField(max_length=200)
    pem = models.TextField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField()
    first_used_at = models.DateTimeField()

    class Meta:
        verbose_name = _("signing certificate")
        verbose_name_plural = _("signing certificates")
        ordering = ["-first_used_at"]

    def __str__(self) -> str:
        return self.subject

    @property
    def groups(self) -> str:
        """The fingerprint in groups of four, as people compare it."""
        return " ".join(self.fingerprint[at : at + 4] for at in range(0, 64, 4))
