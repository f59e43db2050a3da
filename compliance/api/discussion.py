"""What colleagues say about a requirement, and the mark that asks for a talk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance import permissions
from compliance.api.answers import in_force_or_404
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import (
    Endpoint,
    assessment_of,
    base_version_of,
    etag_of,
    idempotent,
    read,
)
from compliance.api.fields import Strict, TextField
from compliance.api.openapi import operation, page_of
from compliance.api.problems import StaleState
from compliance.api.shapes import name_of
from compliance.errors import SomebodySavedFirst
from compliance.models import Assessment, Comment, DiscussionMark, Membership
from compliance.services.discussion import (
    LONGEST_COMMENT,
    add_comment,
    ask_for_discussion,
    edit_comment,
    remove_comment,
    resolve_discussion,
    restore_comment,
)

TAG = "teamwork"


class CommentForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    requirement = serializers.CharField()
    author = serializers.CharField()
    is_mine = serializers.BooleanField(help_text="Only its author changes a comment.")
    text = serializers.CharField(help_text="Empty once it is taken back.")
    mentions = serializers.ListField(
        child=serializers.CharField(), help_text="The addresses of those named with an @."
    )
    at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    removed_at = serializers.DateTimeField(allow_null=True)
    version = serializers.IntegerField()
    etag = serializers.CharField()


def comment_json(comment: Comment, member: Membership) -> dict[str, Any]:
    """A comment as this person sees it."""
    return {
        "id": comment.pk,
        "requirement": comment.requirement,
        "author": comment.author_name,
        "is_mine": comment.author_id == member.user_id,
        "text": comment.text,
        "mentions": sorted(user.email for user in comment.mentions.all()),
        "at": comment.at,
        "edited_at": comment.edited_at,
        "removed_at": comment.removed_at,
        "version": comment.version,
        "etag": etag_of(comment.version),
    }


class CommentsView(Endpoint):
    class Input(Strict):
        text = TextField(max_length=LONGEST_COMMENT, help_text="`@` and a name mentions somebody.")

    @operation("listComments", tag=TAG, gives={200: page_of(CommentForm)}, is_list=True)
    def get(self, request: Request, assessment_id: UUID, requirement_id: str) -> Response:
        """What was said about a requirement, the newest first."""
        assessment, member = assessment_of(request, assessment_id)
        in_force_or_404(assessment, requirement_id)
        rows = Comment.objects.filter(assessment=assessment, requirement=requirement_id)

        def show(comments: Sequence[Comment]) -> list[dict[str, Any]]:
            return [comment_json(comment, member) for comment in comments]

        rows = rows.prefetch_related("mentions")
        return Response(page_of_rows(request, rows, newest_by="at", show=show))

    @operation(
        "addComment",
        tag=TAG,
        takes=Input,
        gives={201: CommentForm},
        is_idempotent=True,
        refuses=(409,),
        example={"text": "@Ben Wu, is the signed copy with you?"},
    )
    @idempotent
    def post(self, request: Request, assessment_id: UUID, requirement_id: str) -> Response:
        """Say something about a requirement."""
        assessment, member = assessment_of(request, assessment_id)
        in_force_or_404(assessment, requirement_id)
        comment = add_comment(
            assessment=assessment,
            requirement_id=requirement_id,
            text=read(self.Input, request)["text"],
            by=member,
        )
        place = reverse("api_comment", args=[assessment.pk, requirement_id, comment.pk])
        return Response(comment_json(comment, member), status=201, headers={"Location": place})


class CommentView(Endpoint):
    class Input(Strict):
        text = TextField(max_length=LONGEST_COMMENT)

    @operation("getComment", tag=TAG, gives={200: CommentForm}, has_etag=True)
    def get(
        self, request: Request, assessment_id: UUID, requirement_id: str, comment_id: UUID
    ) -> Response:
        """One comment and its ETag."""
        comment, member = _comment_of(request, assessment_id, requirement_id, comment_id)
        return _answer(comment, member)

    @operation(
        "editComment",
        tag=TAG,
        takes=Input,
        gives={200: CommentForm},
        if_match=True,
        refuses=(409,),
        example={"text": "The signed copy is here."},
    )
    def patch(
        self, request: Request, assessment_id: UUID, requirement_id: str, comment_id: UUID
    ) -> Response:
        """Your own words in other words; the audit trail keeps both."""
        comment, member = _comment_of(request, assessment_id, requirement_id, comment_id)
        permissions.require(member, "discuss")
        base = base_version_of(request, is_needed=True)
        text = read(self.Input, request)["text"]
        try:
            edit_comment(comment=comment, text=text, base_version=base, by=member)
        except SomebodySavedFirst as conflict:
            raise _stale(conflict, member) from None
        return _answer(comment, member)

    @operation("removeComment", tag=TAG, gives={204: None}, if_match=True, refuses=(409,))
    def delete(
        self, request: Request, assessment_id: UUID, requirement_id: str, comment_id: UUID
    ) -> Response:
        """Take your own words back; that there was a comment stays to be seen."""
        comment, member = _comment_of(request, assessment_id, requirement_id, comment_id)
        permissions.require(member, "discuss")
        base = base_version_of(request, is_needed=True)
        try:
            remove_comment(comment=comment, base_version=base, by=member)
        except SomebodySavedFirst as conflict:
            raise _stale(conflict, member) from None
        return Response(status=204)


class CommentRestoreView(Endpoint):
    @operation("restoreComment", tag=TAG, gives={200: CommentForm}, refuses=(409,))
    def post(
        self, request: Request, assessment_id: UUID, requirement_id: str, comment_id: UUID
    ) -> Response:
        """Put back your own words that you took back."""
        comment, member = _comment_of(request, assessment_id, requirement_id, comment_id)
        restore_comment(comment=comment, by=member)
        return _answer(comment, member)


def _comment_of(
    request: Request, assessment_id: UUID, requirement_id: str, comment_id: UUID
) -> tuple[Comment, Membership]:
    assessment, member = assessment_of(request, assessment_id)
    comment = get_object_or_404(
        Comment, pk=comment_id, assessment=assessment, requirement=requirement_id
    )
    comment.assessment = assessment
    return comment, member


def _stale(conflict: SomebodySavedFirst, member: Membership) -> StaleState:
    now = comment_json(conflict.theirs, member)
    return StaleState(current=now, etag=now["etag"])


def _answer(comment: Comment, member: Membership) -> Response:
    body = comment_json(comment, member)
    return Response(body, headers={"ETag": body["etag"]})


class DiscussionView(Endpoint):
    class Output(serializers.Serializer[Any]):
        is_marked = serializers.BooleanField()
        by = serializers.CharField(allow_null=True)
        at = serializers.DateTimeField(allow_null=True)

    @operation("getDiscussion", tag=TAG, gives={200: Output})
    def get(self, request: Request, assessment_id: UUID, requirement_id: str) -> Response:
        """Whether somebody wants to talk about the requirement."""
        assessment, _member = assessment_of(request, assessment_id)
        in_force_or_404(assessment, requirement_id)
        return _mark(assessment, requirement_id)

    @operation("askForDiscussion", tag=TAG, gives={200: Output}, refuses=(409,))
    def put(self, request: Request, assessment_id: UUID, requirement_id: str) -> Response:
        """Mark that the requirement has to be talked about."""
        assessment, member = assessment_of(request, assessment_id)
        in_force_or_404(assessment, requirement_id)
        ask_for_discussion(assessment=assessment, requirement_id=requirement_id, by=member)
        return _mark(assessment, requirement_id)

    @operation("resolveDiscussion", tag=TAG, gives={204: None}, refuses=(409,))
    def delete(self, request: Request, assessment_id: UUID, requirement_id: str) -> Response:
        """Take the mark away: it has been talked about."""
        assessment, member = assessment_of(request, assessment_id)
        in_force_or_404(assessment, requirement_id)
        resolve_discussion(assessment=assessment, requirement_id=requirement_id, by=member)
        return Response(status=204)


def _mark(assessment: Assessment, requirement_id: str) -> Response:
    marks = DiscussionMark.objects.filter(assessment=assessment, requirement=requirement_id)
    mark = marks.select_related("by").first()
    return Response(
        {
            "is_marked": mark is not None,
            "by": name_of(mark.by) if mark else None,
            "at": mark.at if mark else None,
        }
    )


_REQUIREMENT = "assessments/<uuid:assessment_id>/requirements/<str:requirement_id>/"
urlpatterns: list[URLPattern] = [
    path(f"{_REQUIREMENT}comments/", CommentsView.as_view(), name="api_comments"),
    path(f"{_REQUIREMENT}comments/<uuid:comment_id>/", CommentView.as_view(), name="api_comment"),
    path(
        f"{_REQUIREMENT}comments/<uuid:comment_id>/restore/",
        CommentRestoreView.as_view(),
        name="api_comment_restore",
    ),
    path(f"{_REQUIREMENT}discussion/", DiscussionView.as_view(), name="api_discussion"),
]
