"""A draft's move to a newer edition of the rules: preview, move, undo."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.urls import URLPattern, path
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from checklists.engine.export import percent_json
from compliance import permissions
from compliance.api.endpoint import Endpoint, assessment_of, idempotent, lang_of, read
from compliance.api.fields import PercentField, Strict, TextField
from compliance.api.openapi import operation
from compliance.api.shapes import BANDS
from compliance.models import Assessment
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.moves import MovePage, move_page
from compliance.services.editions import move_to_newer_edition, undo_move

TAG = "editions"


class ChangeLineForm(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    before = serializers.CharField()
    after = serializers.CharField()
    lang = serializers.CharField(help_text="Of both, where only the other language changed.")


class MoveLineForm(serializers.Serializer[Any]):
    id = serializers.CharField()
    number = serializers.CharField()
    title = serializers.CharField()
    question = serializers.CharField()
    answer = serializers.CharField(help_text="In words; empty where there is none.")
    note = serializers.CharField()
    no_longer_fits = serializers.BooleanField(help_text="The new question takes another kind.")
    changes = ChangeLineForm(many=True)


class FactLineForm(serializers.Serializer[Any]):
    title = serializers.CharField()
    state = serializers.CharField()
    changes = ChangeLineForm(many=True)


class NewerForm(serializers.Serializer[Any]):
    edition = serializers.CharField()
    digest = serializers.CharField(help_text="Send it as `to`: it names what you looked at.")
    kept = serializers.IntegerField()
    confirm_again = MoveLineForm(many=True)
    retired = MoveLineForm(many=True)
    new = MoveLineForm(many=True)
    new_not_for_firm = serializers.IntegerField()
    changed_without_answer = serializers.IntegerField()
    facts = FactLineForm(many=True)
    band = serializers.ChoiceField(BANDS)
    duty = PercentField()


class DoneForm(serializers.Serializer[Any]):
    from_edition = serializers.CharField()
    to_edition = serializers.CharField()
    who = serializers.CharField()
    at = serializers.DateTimeField()
    asked_again = MoveLineForm(many=True)
    still_open = serializers.IntegerField(help_text="How many of those wait to be confirmed.")
    retired = MoveLineForm(many=True)
    may_be_undone = serializers.BooleanField()


class EditionForm(serializers.Serializer[Any]):
    edition = serializers.CharField()
    band = serializers.ChoiceField(BANDS)
    duty = PercentField()
    newer = NewerForm(allow_null=True, help_text="What a move would do; null: none is newer.")
    last_move = DoneForm(allow_null=True)


def edition_json(page: MovePage) -> dict[str, Any]:
    """What the page of a move shows."""
    lines = ("confirm_again", "retired", "new", "facts")
    counts = ("digest", "kept", "new_not_for_firm", "changed_without_answer")
    newer = {
        "edition": page.newer,
        **{name: getattr(page, name) for name in counts},
        **{name: [asdict(line) for line in getattr(page, name)] for name in lines},
        "band": page.band_after,
        "duty": percent_json(page.duty_after),
    }
    return {
        "edition": page.edition,
        "band": page.band,
        "duty": percent_json(page.duty),
        "newer": newer if page.newer else None,
        "last_move": asdict(page.done) if page.done else None,
    }


class EditionView(Endpoint):
    @operation("getEdition", tag=TAG, gives={200: EditionForm})
    def get(self, request: Request, assessment_id: UUID) -> Response:
        """The edition that judges, what a move to the newest would do, and the last move."""
        assessment, _member = assessment_of(request, assessment_id)
        return _edition(assessment, request)


class EditionMoveView(Endpoint):
    class Input(Strict):
        to = TextField(max_length=64, help_text="The digest of the preview.")

    @operation(
        "moveEdition",
        tag=TAG,
        takes=Input,
        gives={200: EditionForm},
        is_idempotent=True,
        refuses=(409,),
        example={"to": "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4"},
    )
    @idempotent
    def post(self, request: Request, assessment_id: UUID) -> Response:
        """Judge the draft by the edition of the preview; can be undone until somebody edits."""
        assessment, member = assessment_of(request, assessment_id)
        permissions.require(member, "move_edition")
        move_to_newer_edition(assessment=assessment, to=read(self.Input, request)["to"], by=member)
        return _edition(assessment, request)


class EditionUndoView(Endpoint):
    @operation("undoMove", tag=TAG, gives={200: EditionForm}, refuses=(409,))
    def post(self, request: Request, assessment_id: UUID) -> Response:
        """Take the last move back, as long as nothing was edited since."""
        assessment, member = assessment_of(request, assessment_id)
        undo_move(assessment=assessment, by=member)
        return _edition(assessment, request)


def _edition(assessment: Assessment, request: Request) -> Response:
    return Response(edition_json(move_page(evaluation_of(assessment), lang_of(request))))


_EDITION = "assessments/<uuid:assessment_id>/edition/"
urlpatterns: list[URLPattern] = [
    path(_EDITION, EditionView.as_view(), name="api_edition"),
    path(f"{_EDITION}move/", EditionMoveView.as_view(), name="api_edition_move"),
    path(f"{_EDITION}undo/", EditionUndoView.as_view(), name="api_edition_undo"),
]
