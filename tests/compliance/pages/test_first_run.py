"""From an empty installation to the first requirement, and in whose language."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from compliance.models import Assessment, Firm, Membership
from compliance.services.answers import save_answer
from tests import factories


def test_an_empty_installation_leads_to_the_first_requirement(db: None) -> None:
    client = Client()
    sign_in = client.get(reverse("account_login")).content.decode()
    assert "createsuperuser" in sign_in
    get_user_model().objects.create_superuser("root@demo.example", factories.PASSWORD, name="Root")
    assert "createsuperuser" not in client.get(reverse("account_login")).content.decode()
    body = {"login": "root@demo.example", "password": factories.PASSWORD}
    first = client.post(reverse("account_login"), body, follow=True).content.decode()
    assert 'aria-current="step">Register the firm' in first
    assert reverse("firm_register") in first
    second = client.post(reverse("firm_register"), {"name": "Beiyue Launch"}, follow=True)
    firm = Firm.objects.get()
    start = reverse("assessment_start", args=[firm.pk])
    assert 'aria-current="step">Start an assessment' in second.content.decode()
    assert start in second.content.decode()
    form = {"title": "First", "as_of": "2026-11-20", "roles": ["satellite_operator"]}
    third = client.post(start, form, follow=True).content.decode()
    assert "Continue to" in third
    assessment = Assessment.objects.get()
    last = f"{reverse('assessment_facts', args=[assessment.pk])}?group=data"
    fourth = client.get(reverse("assessment_tasks", args=[assessment.pk])).content.decode()
    assert reverse("requirement", args=[assessment.pk, "cnsa.m01.research_call_watch"]) in fourth
    assert client.get(last).status_code == 200


def test_the_language_follows_the_browser_until_it_is_chosen_and_then_the_person(
    client: Client, ada: Membership
) -> None:
    body = {"login": ada.user.email, "password": factories.PASSWORD}
    chinese: dict[str, Any] = {"headers": {"Accept-Language": "zh-CN,zh;q=0.9"}}
    assert "登录" in client.get(reverse("account_login"), **chinese).content.decode()
    client.post(reverse("account_login"), body, **chinese)
    ada.user.refresh_from_db()
    assert ada.user.language == "zh-hans"
    elsewhere = Client()
    elsewhere.force_login(ada.user)
    home = reverse("firm_home", args=[ada.firm_id])
    assert '<html lang="zh-Hans"' in elsewhere.get(home).content.decode()
    elsewhere.post(reverse("set_language"), {"language": "en", "next": home})
    assert '<html lang="en"' in client.get(home, **chinese).content.decode()
    for wrong in ("xx", "de", ""):
        client.post(reverse("set_language"), {"language": wrong, "next": home})
    ada.user.refresh_from_db()
    assert ada.user.language == "en"


def test_the_home_tells_what_others_did_since_the_last_visit(
    client: Client, assessment: Assessment, ada: Membership, ben: Membership
) -> None:
    home = reverse("firm_home", args=[ada.firm_id])
    client.force_login(ada.user)
    assert "since your last visit" not in client.get(home).content.decode()
    assert "Nothing new since your last visit" in client.get(home).content.decode()
    for member, value in ((ben, "yes"), (ada, "no")):
        save_answer(
            assessment=assessment,
            requirement_id="cnsa.m01.research_call_watch",
            value=value,
            base_version=None,
            by=member,
        )
    page = client.get(home).content.decode()
    assert "1 change by others since your last visit" in page
    assert page.count('th-tag--copper">New<') == 1
