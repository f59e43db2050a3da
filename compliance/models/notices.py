"""What people are told: in the site, by e-mail, and how they want it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from compliance.models.firms import Firm

if TYPE_CHECKING:
    from compliance.models.people import User


class Kind(models.TextChoices):
    """What a person may want to hear of, or not."""

    DEADLINE = "deadline", _("Due dates: before, on the day and after")
    RETURNED = "returned", _("An assessment is returned, or a finding is raised")
    SUBMITTED = "submitted", _("A firm submits or withdraws an assessment")
    DELEGATED = "delegated", _("A requirement is given to me")
    ASSIGNED = "assigned", _("A review is handed to me")
    MENTIONED = "mentioned", _("I am mentioned in a comment")
    ACCEPTED = "accepted", _("An assessment is accepted")
    QUESTION = "question", _("Questions of the officer, and answers")
    ACTION = "action", _("A corrective action is done, verified, reopened or moved")
    EVIDENCE = "evidence", _("Evidence is about to expire")
    REPORT = "report", _("A report I asked for is ready, or failed")
    ROLE = "role", _("My role in a firm changes")
    WEBHOOK = "webhook", _("A webhook is paused because its receiver does not answer")


class NotificationQuerySet(models.QuerySet["Notification"]):
    def shown_to(self, user: User) -> NotificationQuerySet:
        """What stands in this person's list."""
        return self.filter(to=user, in_site=True)

    def unread(self) -> NotificationQuerySet:
        return self.filter(read_at=None)


class Notification(models.Model):
    """One person is told one thing, once: the key says what, however often it is come upon."""

    to = models.ForeignKey(
        "compliance.User", on_delete=models.CASCADE, related_name="notifications"
    )
    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    code = models.CharField(max_length=60)  # of its sentence, in compliance.notices.words
    key = models.CharField(max_length=120)
    details = models.JSONField(default=dict)  # what its sentence names
    path = models.CharField(max_length=300)  # where the site shows it
    at = models.DateTimeField()
    in_site = models.BooleanField(default=True)
    in_digest = models.BooleanField(default=False)  # waits for the letter of the day
    read_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager[Notification]] = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["to", "read_at", "id"], name="notifications_of_person"),
            models.Index(
                fields=["to"],
                condition=models.Q(in_digest=True),
                name="notifications_for_digest",
            ),
        ]
        constraints = [models.UniqueConstraint(fields=["to", "key"], name="told_once")]

    def __str__(self) -> str:
        return f"{self.code} → {self.to_id}"


class NotificationPreference(models.Model):
    """How one person wants one kind; without a row, as the kind is by itself."""

    class Mail(models.TextChoices):
        NOW = "now", _("at once")
        DIGEST = "digest", _("in one letter a day")
        OFF = "off", pgettext_lazy("e-mail", "not at all")

    user = models.ForeignKey(
        "compliance.User", on_delete=models.CASCADE, related_name="notification_preferences"
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    in_site = models.BooleanField(default=True)
    mail = models.CharField(max_length=10, choices=Mail.choices)

    class Meta:
        verbose_name = _("notification preference")
        verbose_name_plural = _("notification preferences")
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="one_preference_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.mail}"


class EmailOutbox(models.Model):
    """A letter that is written and waits to be taken by the mail server."""

    class Status(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("letter", "Waiting")
        SENT = "sent", pgettext_lazy("letter", "Sent")
        FAILED = "failed", pgettext_lazy("letter", "Given up")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    to = models.ForeignKey("compliance.User", on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=160, unique=True)  # the same letter is written once
    address = models.EmailField()
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    fence = models.PositiveIntegerField(default=0)  # grows with every taking; the last one wins
    written_at = models.DateTimeField()
    next_at = models.DateTimeField()  # not tried before; also the lease of whoever has it in hand
    sent_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["written_at"]
        indexes = [models.Index(fields=["status", "next_at"], name="letters_to_send")]

    def __str__(self) -> str:
        return f"{self.address}: {self.subject}"


class NoticeCursor(models.Model):
    """How far a firm's audit trail has been told to the people concerned."""

    firm = models.OneToOneField(
        Firm, on_delete=models.CASCADE, primary_key=True, related_name="notice_cursor"
    )
    sequence = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("progress of notices")
        verbose_name_plural = _("progress of notices")

    def __str__(self) -> str:
        return str(self.sequence)
