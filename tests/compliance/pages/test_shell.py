"""The frame around every page: privacy, refusals, menus, health, the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils.translation import override
from pytest_django import DjangoAssertNumQueries, Settings

from checklists import Text
from compliance.errors import (
    ComplianceError,
    InvalidInput,
    NotPermitted,
    SomebodySavedFirst,
    StorageFull,
    TransitionNotAllowed,
)
from compliance.middleware import Refusals, page_before
from compliance.models import Membership, Role, User
from compliance.pages import health
from compliance.templatetags import tianheng
from tests import factories


def test_signed_in_pages_are_kept_by_no_cache(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    reply = client.get(reverse("firm_home", args=[ada.firm_id]))
    assert reply.headers["Cache-Control"] == "private, no-store"


def test_public_pages_say_nothing_of_privacy(client: Client, db: None) -> None:
    assert "no-store" not in client.get(reverse("scoring")).headers.get("Cache-Control", "")


def refused(error: ComplianceError, *, htmx: bool = False, referer: str = "") -> Any:
    request = RequestFactory().get("/", headers={"referer": referer} if referer else {})
    request.user = User(name="Ada", email="ada@demo.example")
    request.htmx = htmx  # type: ignore[attr-defined]
    middleware = Refusals(lambda request: None)  # type: ignore[arg-type,return-value]
    return middleware.process_exception(request, error)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotPermitted("Only a manager may."), 403),
        (TransitionNotAllowed("It is submitted."), 409),
        (SomebodySavedFirst(theirs=None), 412),
        (InvalidInput({"title": "Write a title."}), 422),
        (StorageFull("The disk is full."), 507),
    ],
)
def test_a_refusal_is_a_page_with_its_status_and_its_sentence(
    db: None, error: ComplianceError, status: int
) -> None:
    reply = refused(error)
    assert reply.status_code == status
    page = reply.content.decode()
    assert str(error.message) in page
    assert str(error.title) in page
    assert "<html" in page


def test_a_refusal_to_htmx_goes_to_the_messages_and_leaves_the_page(db: None) -> None:
    reply = refused(TransitionNotAllowed("It is submitted."), htmx=True)
    assert reply.status_code == 409
    assert reply.headers["HX-Retarget"] == "#th-messages"
    assert "<html" not in reply.content.decode()


def test_other_faults_are_not_hidden(db: None) -> None:
    middleware = Refusals(lambda request: None)  # type: ignore[arg-type,return-value]
    assert middleware.process_exception(HttpRequest(), ValueError()) is None


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/firms/?a=1", "/firms/?a=1"),
        ("https://evil.example/firms/", "/"),
        ("", "/"),
    ],
)
def test_the_way_back_stays_on_this_site(referer: str, back: str) -> None:
    request = RequestFactory().get("/", headers={"referer": referer} if referer else {})
    assert page_before(request) == back


def test_a_missing_page_says_so_in_the_products_frame(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    reply = client.get("/nowhere/")
    assert reply.status_code == 404
    assert "not in orbit" in reply.content.decode()
    assert ada.firm.name in reply.content.decode()


def test_a_stale_form_is_told_what_to_do(ada: Membership) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada.user)
    reply = client.post(reverse("set_theme"), {"theme": "dark"})
    assert reply.status_code == 403
    assert "nothing was saved" in reply.content.decode()


def test_the_menu_lists_the_persons_firms_and_only_them(
    client: Client, cleo: Membership, dov: Membership
) -> None:
    other = factories.firm("Second Firm")
    Membership.objects.create(firm=other, user=cleo.user, role=Role.VIEWER)
    client.force_login(cleo.user)
    page = client.get(reverse("desk")).content.decode()
    assert other.name in page
    assert cleo.firm.name in page
    assert dov.firm.name not in page


def test_only_an_officer_sees_the_queue_in_the_menu(
    client: Client, ada: Membership, cleo: Membership
) -> None:
    client.force_login(ada.user)
    address = reverse("desk")
    assert f'href="{address}"' not in client.get(reverse("scoring")).content.decode()
    client.force_login(cleo.user)
    assert f'href="{address}"' in client.get(reverse("scoring")).content.decode()


def test_the_frame_costs_one_query(
    client: Client, ada: Membership, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(ada.user)
    with django_assert_num_queries(3):  # session, person, roles
        client.get(reverse("scoring"))


def test_every_page_is_free_of_inline_script_and_style(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    for name in ("scoring", "verify", "firm_register"):
        page = client.get(reverse(name)).content.decode()
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<script>" not in page


def test_every_page_carries_the_content_security_policy(client: Client, db: None) -> None:
    policy = client.get(reverse("scoring")).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


# --- the template tags ---


def rendered(text: str, **context: Any) -> str:
    return Template(text).render(Context(context))


@pytest.mark.parametrize(
    ("outcome", "word"),
    [("met", "Met"), ("not_met", "Not met"), ("undetermined", "Undetermined")],
)
def test_a_status_is_word_icon_and_colour(outcome: str, word: str) -> None:
    html = rendered("{% status outcome %}", outcome=outcome)
    assert word in html
    assert f"th-{outcome}" in html
    assert "icons.svg#" in html


def test_a_status_nobody_knows_is_a_dash_not_a_fault() -> None:
    assert "–" in rendered("{% status outcome %}", outcome="<b>")


def test_texts_come_in_the_active_language() -> None:
    text, plain = Text("Met", "符合"), {"en": "Met", "zh_hans": "符合"}
    assert rendered("{{ a|inlang }} {{ b|inlang }}", a=text, b=plain) == "Met Met"
    with override("zh-hans"):
        assert rendered("{{ a|inlang }} {{ b|inlang }}", a=text, b=plain) == "符合 符合"


def test_texts_are_escaped() -> None:
    assert "<b>" not in rendered("{{ a|inlang }}", a=Text("<b>"))


def test_days_are_worded_in_both_languages() -> None:
    assert tianheng.day("2027-03-12") == "12 Mar 2027"
    with override("zh-hans"):
        assert tianheng.day("2027-03-12") == "2027年3月12日"
    assert tianheng.day("soon") == "–"


def test_moments_are_shown_in_the_installations_time_zone() -> None:
    assert tianheng.moment("2026-11-20T18:30:00+00:00") == "21 Nov 2026, 02:30"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("82.4", "82.4%"), ("100.0", "100%"), (None, "–"), ("", "–"), ("0", "0%")],
)
def test_percentages_keep_one_place(value: str | None, shown: str) -> None:
    assert tianheng.percent(value) == shown


def test_bars_write_points_in_every_language() -> None:
    with override("zh-hans"):
        html = rendered('{% bar value "coverage" %}', value="48.5")
    assert 'width="48.5"' in html
    assert 'aria-label="coverage"' in html


def test_an_outcome_bar_names_every_count() -> None:
    html = rendered('{% outcome_bar counts "Section A" %}', counts={"met": 3, "not_met": 1})
    assert "Section A: Met 3, Not met 1" in html
    assert html.count("th-fill-") == 2


# --- health ---


def test_alive_is_answered_without_a_sign_in_and_without_the_database(client: Client) -> None:
    reply = client.get("/healthz")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})


def test_ready_names_each_part(client: Client, db: None) -> None:
    reply = client.get("/readyz")
    assert reply.status_code == 200
    assert reply.json() == {"status": "ok", "database": "ok", "broker": "ok", "storage": "ok"}


@pytest.mark.parametrize("part", ["database", "broker", "storage"])
def test_a_part_that_fails_makes_the_site_unready_without_telling_why(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    def fail() -> None:
        raise OSError("secret-host refused")

    monkeypatch.setitem(health.CHECKS, part, fail)
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json()[part] == "unavailable"
    assert "secret-host" not in reply.content.decode()


def test_a_broker_folder_that_cannot_be_written_is_noticed(
    client: Client, db: None, settings: Settings, tmp_path: Any
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file, not a folder")
    settings.CELERY_BROKER_URL = "filesystem://"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"data_folder_out": str(blocked / "queue")}
    assert client.get("/readyz").json()["broker"] == "unavailable"


# --- the operator's admin ---


def test_the_admin_lists_every_model_it_shows(client: Client, ada: Membership) -> None:
    operator = User.objects.create_superuser("root@demo.example", "correct horse", name="Root")
    client.force_login(operator)
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        assert client.get(reverse(name)).status_code == 200, name


def test_the_operator_opens_an_account(client: Client, db: None) -> None:
    operator = User.objects.create_superuser("root@demo.example", "correct horse", name="Root")
    client.force_login(operator)
    data = {
        "email": "Eve@Demo.example",
        "name": "Eve",
        "usable_password": "true",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }
    reply = client.post(reverse("admin:compliance_user_add"), data)
    assert reply.status_code == 302
    assert User.objects.filter(email__iexact="eve@demo.example").exists()


def test_the_audit_trail_cannot_be_changed_in_the_admin(client: Client, ada: Membership) -> None:
    operator = User.objects.create_superuser("root@demo.example", "correct horse", name="Root")
    client.force_login(operator)
    assert client.get(reverse("admin:compliance_auditevent_add")).status_code == 403
    assert client.get(reverse("admin:compliance_submission_add")).status_code == 403


def test_the_admin_is_closed_to_everybody_else(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    assert client.get(reverse("admin:index")).status_code == 302
