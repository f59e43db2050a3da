"""What you are told: the list, and how you want to be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.urls import URLPattern, path
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import Endpoint, filter_of, person_of, read
from compliance.api.fields import ChosenField, FlagField, Strict
from compliance.api.openapi import operation, page_of
from compliance.models import Notification, NotificationPreference, User
from compliance.models.notices import Kind
from compliance.notices.delivery import NEVER_OFF, Wish, wishes_of
from compliance.notices.words import sentence_of
from compliance.services.notifications import mark_read, save_preferences

TAG = "notifications"
KINDS = sorted(Kind.values)
MAIL = NotificationPreference.Mail.values


class NotificationForm(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    firm = serializers.UUIDField()
    kind = serializers.ChoiceField(KINDS)
    code = serializers.CharField(help_text="For programs, such as assessment.returned.")
    sentence = serializers.CharField(help_text="For people.")
    path = serializers.CharField(help_text="Where the site shows it.")
    at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class NotificationsView(Endpoint):
    @operation(
        "listNotifications",
        tag=TAG,
        gives={200: page_of(NotificationForm)},
        is_list=True,
        filters=[
            OpenApiParameter("unread", str, enum=["true"], description="Only what is not read."),
            OpenApiParameter("kind", str, enum=KINDS),
        ],
    )
    def get(self, request: Request) -> Response:
        """What you were told, the newest first."""
        rows = Notification.objects.filter(to=person_of(request), in_site=True)
        if filter_of(request, "unread", {"true"}):
            rows = rows.filter(read_at=None)
        if kind := filter_of(request, "kind", KINDS):
            rows = rows.filter(kind=kind)
        return Response(page_of_rows(request, rows, newest_by="at", show=_told))


def _told(rows: Sequence[Notification]) -> list[dict[str, Any]]:
    return [
        {
            "id": row.pk,
            "firm": row.firm_id,
            "kind": row.kind,
            "code": row.code,
            "sentence": str(sentence_of(row)),
            "path": row.path,
            "at": row.at,
            "read_at": row.read_at,
        }
        for row in rows
    ]


class NotificationsReadView(Endpoint):
    class Input(Strict):
        ids = serializers.ListField(
            child=serializers.IntegerField(min_value=1, max_value=2**53),
            required=False,
            allow_null=True,
            default=None,
            max_length=1_000,
            help_text="Left out: all of them.",
        )

    class Output(serializers.Serializer[Any]):
        read = serializers.IntegerField(help_text="How many were unread.")

    @operation("markRead", tag=TAG, takes=Input, gives={200: Output}, example={"ids": [7]})
    def post(self, request: Request) -> Response:
        """Note that you have read these, or everything."""
        ids = read(self.Input, request)["ids"]
        return Response({"read": mark_read(by=person_of(request), ids=ids)})


class PreferenceForm(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(KINDS)
    in_site = serializers.BooleanField()
    mail = serializers.ChoiceField(MAIL)
    may_be_off = serializers.BooleanField(help_text="false: a duty rests on this kind.")


class PreferenceInput(Strict):
    kind = ChosenField(KINDS)
    in_site = FlagField()
    mail = ChosenField(MAIL)


class PreferencesView(Endpoint):
    class Input(Strict):
        preferences = PreferenceInput(many=True)

    class Output(serializers.Serializer[Any]):
        preferences = PreferenceForm(many=True)

    @operation("getPreferences", tag=TAG, gives={200: Output})
    def get(self, request: Request) -> Response:
        """How you want each kind: in the site, by e-mail at once, in one letter a day."""
        return _preferences(person_of(request))

    @operation(
        "savePreferences",
        tag=TAG,
        takes=Input,
        gives={200: Output},
        example={"preferences": [{"kind": "report", "in_site": True, "mail": "off"}]},
    )
    def patch(self, request: Request) -> Response:
        """Change the kinds that are named; what a duty rests on cannot be turned off."""
        user = person_of(request)
        given = read(self.Input, request)["preferences"]
        wishes = {each["kind"]: Wish(each["in_site"], each["mail"]) for each in given}
        save_preferences(by=user, wishes=wishes)
        return _preferences(user)


def _preferences(user: User) -> Response:
    wishes = wishes_of([user.pk])
    kinds = [
        {
            "kind": kind,
            "in_site": wishes[user.pk, kind].in_site,
            "mail": wishes[user.pk, kind].mail,
            "may_be_off": kind not in NEVER_OFF,
        }
        for kind in Kind.values
    ]
    return Response({"preferences": kinds})


urlpatterns: list[URLPattern] = [
    path("notifications/", NotificationsView.as_view(), name="api_notifications"),
    path("notifications/read/", NotificationsReadView.as_view(), name="api_notifications_read"),
    path("notifications/preferences/", PreferencesView.as_view(), name="api_preferences"),
]
