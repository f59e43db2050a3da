"""The routes of all pages, each subject's own list one after the other."""

from __future__ import annotations

from django.urls import URLPattern

from compliance.pages import (
    account,
    answers,
    assessments,
    catalogue,
    compare,
    corrective_actions,
    editions,
    evidence,
    facts,
    firms,
    health,
    home,
    keyboard,
    library,
    notifications,
    people,
    regions,
    reports,
    review,
    scoring,
    teamwork,
    tokens,
    trace,
    trail,
    verify,
    workbook,
)

urlpatterns: list[URLPattern] = [
    *home.urlpatterns,
    *firms.urlpatterns,
    *people.urlpatterns,
    *assessments.urlpatterns,
    *facts.urlpatterns,
    *answers.urlpatterns,
    *teamwork.urlpatterns,
    *trace.urlpatterns,
    *compare.urlpatterns,
    *evidence.urlpatterns,
    *library.urlpatterns,
    *workbook.urlpatterns,
    *trail.urlpatterns,
    *review.urlpatterns,
    *corrective_actions.urlpatterns,
    *reports.urlpatterns,
    *verify.urlpatterns,
    *scoring.urlpatterns,
    *editions.urlpatterns,
    *regions.urlpatterns,  # before the catalogue, whose last route takes any name
    *catalogue.urlpatterns,
    *keyboard.urlpatterns,
    *notifications.urlpatterns,
    *health.urlpatterns,
    *account.urlpatterns,
    *tokens.urlpatterns,
]
