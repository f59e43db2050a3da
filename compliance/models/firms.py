"""Firms, and who does what in them."""

from __future__ import annotations

import uuid
from operator import attrgetter
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from compliance.models.people import User


class Role(models.TextChoices):
    VIEWER = "viewer", _("viewer")
    CONTRIBUTOR = "contributor", _("contributor")
    MANAGER = "manager", _("manager")
    OFFICER = "officer", _("compliance officer")


class FirmQuerySet(models.QuerySet["Firm"]):
    def visible_to(self, user: User) -> FirmQuerySet:
        """The firms in which this person has a role."""
        return self.filter(memberships__user=user)


class Firm(models.Model):
    """A commercial space firm; everything else belongs to exactly one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)
    # Whether the public check of a report names the firm.
    is_named_in_checks = models.BooleanField(default=False)

    objects: ClassVar[models.Manager[Firm]] = FirmQuerySet.as_manager()

    class Meta:
        verbose_name = _("firm")
        verbose_name_plural = _("firms")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One person's one role in one firm."""

    firm = models.ForeignKey(Firm, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(
        "compliance.User", on_delete=models.CASCADE, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    joined_at = models.DateTimeField(auto_now_add=True)
    # When the firm's home was last opened, the last event of the trail then, and the one before
    # that visit: what came after it is news.
    visited_at = models.DateTimeField(null=True)
    visited_event = models.BigIntegerField(default=0)
    news_after = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["firm", "user"], name="one_role_per_firm"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="membership_role_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}"


class OfFirm:
    """What belongs to one firm: a model that knows who somebody is there."""

    FIRM: ClassVar[str] = "firm"  # the way to the firm, in Python's dots
    my_membership_id: int  # both from `visible_to`
    my_role: str

    def membership_of(self, user: User) -> Membership:
        """This person's membership, from `visible_to`, without another query."""
        return Membership(
            id=self.my_membership_id,
            firm=attrgetter(self.FIRM)(self),
            user=user,
            role=Role(self.my_role),
        )


Row = TypeVar("Row", bound=models.Model)


class OfFirmQuerySet(models.QuerySet[Row]):
    def visible_to(self, user: User) -> Self:
        """What belongs to this person's firms, each with the person's own membership at hand."""
        firm = self.model.FIRM.replace(".", "__")  # type: ignore[attr-defined]  # of `OfFirm`
        return (
            self.filter(**{f"{firm}__memberships__user": user})
            .annotate(
                my_membership_id=models.F(f"{firm}__memberships__id"),
                my_role=models.F(f"{firm}__memberships__role"),
            )
            .select_related(firm)
        )
