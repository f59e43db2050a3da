"""Provincial plans for everybody, and a firm's own beside its requirements."""

from __future__ import annotations

from datetime import date
from html import unescape

from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from checklists import load_catalogue
from compliance.models import Assessment, Membership
from compliance.selectors.regions import regions_page, requirements_of

SUBSIDY = "cnsa.m10.launch_premium_subsidy"
CHANNEL = "cnsa.m10.provincial_permit_channel"


def shown(client: Client, address: str) -> str:
    reply = client.get(address)
    assert reply.status_code == 200
    return unescape(reply.content.decode())


def test_a_requirement_hangs_on_the_place_it_is_for() -> None:
    rules = load_catalogue()
    assert SUBSIDY in requirements_of(rules, "shandong")
    assert CHANNEL in requirements_of(rules, "beijing")
    assert SUBSIDY not in requirements_of(rules, "beijing")
    assert requirements_of(rules, "gansu") == ()


def test_a_plan_that_has_ended_says_so() -> None:
    def ends(today: date) -> str:
        plans = regions_page(load_catalogue(), "en", today).plans
        return next(plan.ends for plan in plans if plan.id == "beijing_etown")

    assert ends(date(2026, 12, 30)) == "ends on 31 Dec 2026, in 1 day"
    assert ends(date(2027, 1, 1)) == "ended on 31 Dec 2026"


def test_everybody_reads_the_plans_with_their_doubts(
    client: Client, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        page = shown(client, reverse("catalogue_regions"))
    assert "Sources disagree" in page
    assert f'href="/catalogue/{SUBSIDY}/"' in page
    with django_assert_num_queries(0):
        assert "发射许可" in shown(client, reverse("catalogue_glossary"))


def test_a_firm_sees_the_plans_of_its_places_and_what_applies(
    client: Client,
    ada: Membership,
    assessment: Assessment,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(ada.user)
    address = reverse("assessment_regions", args=[assessment.pk])
    Assessment.objects.filter(pk=assessment.pk).update(
        facts={
            "firm.roles": ["satellite_operator"],
            "firm.regions": ["shandong"],
            "mission.launch": "from_china",
            "mission.launch_places": ["sea_platform"],
        }
    )
    with django_assert_max_num_queries(15):
        page = shown(client, address)
    assert "Shandong" in page
    assert "Guangdong" not in page
    assert reverse("requirement", args=[assessment.pk, SUBSIDY]) in page
    Assessment.objects.filter(pk=assessment.pk).update(facts={"firm.regions": ["tibet"]})
    assert "We know of no plan for Tibet" in shown(client, address)
    Assessment.objects.filter(pk=assessment.pk).update(facts={})
    assert "The facts do not say where the firm works" in shown(client, address)
