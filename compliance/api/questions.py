"""Questions between officer and firm, asked and answered beside the answer they are about."""

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
from compliance.api.cursors import page_of_rows
from compliance.api.endpoint import Endpoint, idempotent, person_of, read, submission_of
from compliance.api.fields import Strict, TextField
from compliance.api.openapi import operation, page_of
from compliance.api.shapes import name_of
from compliance.models import Question, Scope
from compliance.services.questions import answer_question, ask_question

TAG = "review"


class QuestionForm(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    submission = serializers.UUIDField()
    requirement = serializers.CharField()
    text = serializers.CharField()
    asked_by = serializers.CharField(allow_null=True)
    asked_at = serializers.DateTimeField()
    answer = serializers.CharField(help_text="Empty until the firm answers.")
    answered_by = serializers.CharField(allow_null=True)
    answered_at = serializers.DateTimeField(allow_null=True)


def question_json(question: Question) -> dict[str, Any]:
    """A question, and what the firm said to it."""
    return {
        "id": question.pk,
        "submission": question.submission_id,
        "requirement": question.requirement,
        "text": question.text,
        "asked_by": name_of(question.asked_by),
        "asked_at": question.asked_at,
        "answer": question.answer,
        "answered_by": name_of(question.answered_by),
        "answered_at": question.answered_at,
    }


class QuestionsView(Endpoint):
    writes_with = Scope.REVIEW

    class Input(Strict):
        requirement = TextField(max_length=120)
        text = TextField()

    @operation("listQuestions", tag=TAG, gives={200: page_of(QuestionForm)}, is_list=True)
    def get(self, request: Request, submission_id: UUID) -> Response:
        """The officer's questions, the newest first."""
        submission, _member = submission_of(request, submission_id)
        rows = Question.objects.filter(submission=submission)

        def show(found: Sequence[Question]) -> list[dict[str, Any]]:
            return [question_json(question) for question in found]

        rows = rows.select_related("asked_by", "answered_by")
        return Response(page_of_rows(request, rows, newest_by="asked_at", show=show))

    @operation(
        "askQuestion",
        tag=TAG,
        takes=Input,
        gives={201: QuestionForm},
        is_idempotent=True,
        refuses=(409,),
        example={"requirement": "cnsa.m01.research_call_watch", "text": "Which call was it?"},
    )
    @idempotent
    def post(self, request: Request, submission_id: UUID) -> Response:
        """Ask the firm about one answer; the answer itself stays locked."""
        submission, member = submission_of(request, submission_id)
        permissions.require(member, "ask_question")
        given = read(self.Input, request)
        question = ask_question(
            submission=submission,
            requirement_id=given["requirement"],
            text=given["text"],
            by=member,
        )
        place = reverse("api_question", args=[question.pk])
        return Response(question_json(question), status=201, headers={"Location": place})


class QuestionView(Endpoint):
    @operation("getQuestion", tag=TAG, gives={200: QuestionForm})
    def get(self, request: Request, question_id: UUID) -> Response:
        """One question."""
        return Response(question_json(_question_of(request, question_id)))


class QuestionAnswerView(Endpoint):
    class Input(Strict):
        answer = TextField()

    @operation(
        "answerQuestion",
        tag=TAG,
        takes=Input,
        gives={200: QuestionForm},
        is_idempotent=True,
        refuses=(409,),
        example={"answer": "The call of 3 March 2026."},
    )
    @idempotent
    def post(self, request: Request, question_id: UUID) -> Response:
        """Answer the officer, once; the officer reads it beside the question."""
        question = _question_of(request, question_id)
        submission, member = submission_of(request, question.submission_id)
        permissions.require(member, "answer_question")
        question.submission = submission
        answer = read(self.Input, request)["answer"]
        return Response(question_json(answer_question(question=question, answer=answer, by=member)))


def _question_of(request: Request, question_id: UUID) -> Question:
    mine = Question.objects.filter(
        submission__assessment__firm__memberships__user=person_of(request)
    )
    return get_object_or_404(mine.select_related("asked_by", "answered_by"), pk=question_id)


urlpatterns: list[URLPattern] = [
    path(
        "submissions/<uuid:submission_id>/questions/",
        QuestionsView.as_view(),
        name="api_questions",
    ),
    path("questions/<uuid:question_id>/", QuestionView.as_view(), name="api_question"),
    path(
        "questions/<uuid:question_id>/answer/",
        QuestionAnswerView.as_view(),
        name="api_question_answer",
    ),
]
