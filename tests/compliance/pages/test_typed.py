"""A session that ends while somebody types: back on the same page, the text is still there."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from compliance.models import Answer, Assessment, Membership
from compliance.services.answers import save_answer
from compliance.services.assessments import start_assessment
from tests import factories

NUMBER = "cnsa.m07.orbit_lifetime_after_mission"
TYPED = {"value": "4", "note": "Typed <b>late</b>.", "flag": "", "base_version": "0"}


def test_without_a_script_the_text_comes_back_after_signing_in(
    assessment: Assessment, ben: Membership
) -> None:
    client, page = Client(), reverse("requirement", args=[assessment.pk, NUMBER])
    save = reverse("answer_save", args=[assessment.pk, NUMBER])
    sent = client.post(save, TYPED, follow=True)
    assert sent.redirect_chain == [(f"/account/login/?next={page}", 302)]
    signed = {"login": ben.user.email, "password": factories.PASSWORD, "next": page}
    shown = client.post("/account/login/", signed, follow=True).content.decode()
    assert "You were signed out while typing." in shown
    assert "Typed &lt;b&gt;late&lt;/b&gt;.</textarea>" in shown
    assert 'maxlength="100" value="4"' in shown
    assert not Answer.objects.exists()
    again = client.get(page).content.decode()
    assert "Typed &lt;b&gt;late&lt;/b&gt;." not in again  # told once
    assert client.post(save, TYPED).status_code == 302
    assert Answer.objects.get().note == "Typed <b>late</b>."


def test_what_is_too_long_to_be_an_answer_is_not_kept_for_a_stranger(
    assessment: Assessment,
) -> None:
    client = Client()
    save = reverse("answer_save", args=[assessment.pk, NUMBER])
    client.post(save, {**TYPED, "note": "x" * 20_001})
    assert "typed" not in client.session


def test_the_earlier_answer_stays_beside_the_new_one(
    client: Client, ada: Membership, assessment: Assessment
) -> None:
    save_answer(
        assessment=assessment,
        requirement_id=NUMBER,
        value="14",
        note="Old.",
        base_version=0,
        by=ada,
    )
    later = start_assessment(
        firm=ada.firm,
        title="Next mission",
        as_of=factories.AS_OF,
        roles=["satellite_operator"],
        copy_from=assessment,
        by=ada,
    )
    client.force_login(ada.user)
    page = reverse("requirement", args=[later.pk, NUMBER])
    assert "In the earlier assessment:" not in client.get(page).content.decode()
    save_answer(assessment=later, requirement_id=NUMBER, value="9", base_version=1, by=ada)
    shown = client.get(page).content.decode()
    beside = shown.partition("In the earlier assessment:")[2].partition("</div>")[0]
    assert "14 years" in beside
    assert "Old." in beside
    save_answer(assessment=assessment, requirement_id=NUMBER, value="8", base_version=1, by=ada)
    first = client.get(reverse("requirement", args=[assessment.pk, NUMBER])).content.decode()
    assert "In the earlier assessment:" not in first


def test_a_script_hears_that_the_session_has_ended(assessment: Assessment) -> None:
    page = reverse("requirement", args=[assessment.pk, NUMBER])
    for address in (reverse("answer_save", args=[assessment.pk, NUMBER]), page):
        told = Client().post(
            address,
            TYPED,
            headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}"},
        )
        assert told.status_code == 401
        assert told["HX-Retarget"] == "#th-messages"
        assert f"/account/login/?next={page}" in told.content.decode()
    elsewhere = Client().post(
        page, TYPED, headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/x"}
    )
    assert "evil" not in elsewhere.content.decode()
