"""The routes of the API, each subject's own list one after the other."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path, re_path

from compliance.api import (
    answers,
    assessments,
    catalogues,
    changes,
    closing_evidence,
    compare,
    corrective_actions,
    delegations,
    desk,
    discussion,
    editions,
    evidence,
    exports,
    facts,
    firms,
    notifications,
    people,
    questions,
    regions,
    reports,
    review,
    submissions,
    tokens,
    trace,
    trail,
    transfer,
    verify,
    webhooks,
    workbook,
)
from compliance.api.docs import DocsView, SchemaView
from compliance.api.endpoint import NothingHere

v1: list[URLPattern] = [
    *tokens.urlpatterns,
    *catalogues.urlpatterns,
    *firms.urlpatterns,
    *people.urlpatterns,
    *assessments.urlpatterns,
    *facts.urlpatterns,
    *changes.urlpatterns,
    *answers.urlpatterns,
    *delegations.urlpatterns,
    *discussion.urlpatterns,
    *evidence.urlpatterns,
    *workbook.urlpatterns,
    *regions.urlpatterns,
    *editions.urlpatterns,
    *trace.urlpatterns,
    *compare.urlpatterns,
    *trail.urlpatterns,
    *transfer.urlpatterns,
    *submissions.urlpatterns,
    *review.urlpatterns,
    *desk.urlpatterns,
    *questions.urlpatterns,
    *corrective_actions.urlpatterns,
    *closing_evidence.urlpatterns,
    *reports.urlpatterns,
    *verify.urlpatterns,
    *exports.urlpatterns,
    *notifications.urlpatterns,
    *webhooks.urlpatterns,
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/", include(v1)),
    path("schema/", SchemaView.as_view(), name="api_schema"),
    path("docs/", DocsView.as_view(), name="api_docs"),
    # Whatever else is asked for: a refusal in JSON, and no redirect to a slash that loses a body.
    re_path("", NothingHere.as_view(), name="api_nothing"),
]
