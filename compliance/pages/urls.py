"""The routes of all pages, each subject's own list one after the other."""

from __future__ import annotations

from django.urls import URLPattern

from compliance.pages import (
    account,
    answers,
    assessments,
    catalogue,
    evidence,
    facts,
    firms,
    health,
    home,
    reports,
    review,
    scoring,
    trail,
    verify,
)

urlpatterns: list[URLPattern] = [
    *home.urlpatterns,
    *firms.urlpatterns,
    *assessments.urlpatterns,
    *facts.urlpatterns,
    *answers.urlpatterns,
    *evidence.urlpatterns,
    *trail.urlpatterns,
    *review.urlpatterns,
    *reports.urlpatterns,
    *verify.urlpatterns,
    *scoring.urlpatterns,
    *catalogue.urlpatterns,
    *health.urlpatterns,
    *account.urlpatterns,
]
