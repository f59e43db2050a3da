"""The officer's desk with 5,000 submissions of 200 firms, and a review of a second round."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

FIRMS, SUBMISSIONS = 200, 5_000


def measure_desk(measure: Callable[..., Any]) -> list[Any]:
    """The lines of the table; `measure` is the bench's own."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from compliance.models import Submission, User

    officer = User.objects.get(email="officer@demo.example")
    waiting = Submission.objects.get(
        assessment__firm__name="Demo Orbital Co.", assessment__title="Ground network 2026"
    )
    _fill(officer, waiting)
    client = Client()
    client.force_login(officer, backend="allauth.account.auth_backends.AuthenticationBackend")
    desk, review = reverse("desk"), reverse("review", args=[waiting.pk])
    addresses = (
        (f"desk: {SUBMISSIONS:,} submissions", desk, "100 ms, 12"),
        ("desk: the same, filtered", f"{desk}?late=1&round=later&sort=blockers&q=9", "100 ms, 12"),
        ("desk: the last page", f"{desk}?page=250", "100 ms, 12"),
        ("open a submission for review", review, "120 ms, 15"),
    )
    figures = []
    for what, address, limit in addresses:

        def get(address: str = address) -> None:
            response = client.get(address)
            if response.status_code != 200:
                raise RuntimeError(f"{address} answered {response.status_code}")

        get()
        with CaptureQueriesContext(connection) as captured:
            get()
        figures.append(measure(f"page: {what}", get, times=20, queries=len(captured), limit=limit))
    return figures


def _fill(officer: Any, like: Any) -> None:
    """Firms, assessments and entries of the queue; their content is that of no submission.

    The desk never reads it, and 5,000 times half a megabyte would measure the disk.
    """
    from compliance import clock
    from compliance.models import Assessment, Firm, Membership, QueueEntry, Role, Submission

    now, figures = clock.now(), like.queue_entry
    firms = Firm.objects.bulk_create(Firm(name=f"Firm {n:03d}") for n in range(FIRMS))
    Membership.objects.bulk_create(
        Membership(firm=firm, user=officer, role=Role.OFFICER) for firm in firms
    )
    assessments = Assessment.objects.bulk_create(
        Assessment(
            firm=firms[n % FIRMS],
            title=f"Campaign {n}",
            as_of=now.date(),
            status=Assessment.Status.SUBMITTED,
            catalogue_edition=like.assessment.catalogue_edition,
        )
        for n in range(SUBMISSIONS)
    )
    submissions = Submission.objects.bulk_create(
        Submission(
            assessment=assessment,
            number=1,
            round=1 + n % 3,
            content={},
            digest="0" * 64,
            band=like.band,
            submitted_at=now - timedelta(hours=n),
        )
        for n, assessment in enumerate(assessments)
    )
    QueueEntry.objects.bulk_create(
        QueueEntry(
            submission=submission,
            assessment=submission.assessment,
            firm=submission.assessment.firm,
            number=1,
            round=submission.round,
            submitted_at=submission.submitted_at,
            is_waiting=True,
            band=submission.band,
            blockers=n % 9,
            reviewed=n % 90,
            total=90,
            topics=figures.topics,
            duty_score=figures.duty_score,
            assigned_to=officer if n % 4 == 0 else None,
        )
        for n, submission in enumerate(submissions)
    )
