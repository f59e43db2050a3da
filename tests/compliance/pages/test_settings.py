"""A manager renames an assessment and puts it away."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from compliance.models import Assessment, AuditEvent, Membership


def test_a_manager_renames_and_archives(
    client: Client,
    assessment: Assessment,
    ada: Membership,
    ben: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    address = reverse("assessment_settings", args=[assessment.pk])
    client.force_login(ben.user)
    assert (
        address
        not in client.get(reverse("assessment_check", args=[assessment.pk])).content.decode()
    )
    client.force_login(ada.user)
    with django_assert_max_num_queries(12):
        page = client.get(address).content.decode()
    assert f'value="{assessment.title}"' in page
    before = {"before": assessment.title}
    assert client.post(address, {"title": "  DO-4   mission ", **before}).status_code == 302
    assessment.refresh_from_db()
    assert assessment.title == "DO-4 mission"
    # Whoever saw the old title is told of the new one, and nothing typed is lost.
    stale = client.post(address, {"title": "DO-5", **before})
    assert stale.status_code == 412
    assert "Somebody else called it “DO-4 mission” meanwhile." in stale.content.decode()
    assert 'value="DO-5"' in stale.content.decode()
    assert client.post(address, {"title": "x", "before": "DO-4 mission"}).status_code == 422
    assert AuditEvent.objects.filter(action="assessment.renamed").count() == 1

    archive = reverse("assessment_archive", args=[assessment.pk])
    assert client.post(archive).status_code == 422  # not without the tick
    assert client.post(archive, {"sure": "on"}).status_code == 302
    assessment.refresh_from_db()
    assert assessment.status == "archived"
    page = client.get(address).content.decode()
    assert archive not in page
    assert "Save the title" not in page
    assert client.post(address, {"title": "DO-6"}).status_code == 409
