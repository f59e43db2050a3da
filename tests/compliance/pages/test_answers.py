"""One requirement: its page, saving its answer, and two people at once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from compliance.models import Answer, Assessment, Membership, Submission
from compliance.selectors.evaluation import evaluation_of
from compliance.services.answers import save_answer
from compliance.services.review import record_determination, return_to_firm

NUMBER = "cnsa.m07.orbit_lifetime_after_mission"
POLICY = "cnsa.m18.third_party_policy_in_force"
CHOICE = "cnsa.m08.system_protection_level"
HTMX = {"HX-Request": "true"}


def page_of(assessment: Assessment, requirement: str = NUMBER) -> str:
    return reverse("requirement", args=[assessment.pk, requirement])


def save_url(assessment: Assessment, requirement: str = NUMBER) -> str:
    return reverse("answer_save", args=[assessment.pk, requirement])


def form(**fields: Any) -> dict[str, Any]:
    """What the page sends, with these fields filled in."""
    return {"base_version": "0", "flag": "", "was_value": "", "note": "", **fields}


def stored(assessment: Assessment, requirement: str = NUMBER) -> Answer | None:
    return Answer.objects.filter(assessment=assessment, requirement=requirement).first()


@pytest.fixture
def as_ben(client: Client, ben: Membership) -> Client:
    client.force_login(ben.user)
    return client


# --- the page -------------------------------------------------------------------------------------


def test_a_number_is_asked_with_its_unit_limit_and_best_practice(
    as_ben: Client, assessment: Assessment
) -> None:
    page = as_ben.get(page_of(assessment)).content.decode()
    assert "How many years after the end of mission" in page
    assert "limit: at most 25 years" in page
    assert "best practice: at most 5 years" in page
    assert "<span>years</span>" in page
    assert "Administrative notice" in page
    assert "Plan, measure 7, sentence 1" in page
    assert "clause 6.3.3" in page
    assert "Because of your roles (satellite operator)." in page


def test_doubts_and_unseen_sources_are_told(as_ben: Client, assessment: Assessment) -> None:
    policy = as_ben.get(page_of(assessment, POLICY)).content.decode()
    assert "insurance article of Order 12 was not" in policy
    number = as_ben.get(page_of(assessment)).content.decode()
    assert "Article to be checked against the official text" in number


@pytest.mark.parametrize("requirement", [NUMBER, POLICY, CHOICE])
def test_the_page_takes_at_most_fifteen_queries(
    as_ben: Client, answered_assessment: Assessment, requirement: str
) -> None:
    as_ben.get(page_of(answered_assessment, requirement))
    with CaptureQueriesContext(connection) as queries:
        assert as_ben.get(page_of(answered_assessment, requirement)).status_code == 200
    assert len(queries) <= 15


def test_every_requirement_has_a_page(as_ben: Client, assessment: Assessment) -> None:
    failed = [
        name
        for name in evaluation_of(assessment).evaluation.rows
        if as_ben.get(page_of(assessment, name)).status_code != 200
    ]
    assert failed == []


def test_every_requirement_has_a_page_in_chinese(as_ben: Client, assessment: Assessment) -> None:
    for name in (NUMBER, POLICY, CHOICE):
        response = as_ben.get(page_of(assessment, name), headers={"Accept-Language": "zh-hans"})
        assert response.status_code == 200
        assert 'lang="zh-Hans"' in response.content.decode()


def test_a_requirement_nobody_knows_is_not_found(as_ben: Client, assessment: Assessment) -> None:
    assert as_ben.get(page_of(assessment, "cnsa.m07.none")).status_code == 404
    assert as_ben.post(save_url(assessment, "cnsa.m07.none"), form()).status_code == 404


def test_another_firm_finds_nothing(
    client: Client, assessment: Assessment, dov: Membership
) -> None:
    client.force_login(dov.user)
    assert client.get(page_of(assessment)).status_code == 404
    assert client.post(save_url(assessment), form(value="5")).status_code == 404
    assert stored(assessment) is None


@pytest.mark.parametrize("role", ["vera", "cleo"])
def test_who_may_not_answer_sees_no_fields_and_is_refused(
    client: Client, assessment: Assessment, role: str, request: pytest.FixtureRequest
) -> None:
    client.force_login(request.getfixturevalue(role).user)
    page = client.get(page_of(assessment)).content.decode()
    assert 'name="value"' not in page
    assert "This answer is locked." in page
    assert client.post(save_url(assessment), form(value="5")).status_code == 403
    assert stored(assessment) is None


# --- saving ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requirement", "typed", "value"),
    [
        (NUMBER, " 11.50 ", "11.5"),
        (POLICY, "in_place", "in_place"),
        (CHOICE, "level_1", "level_1"),
        (NUMBER, "", None),
    ],
)
def test_an_answer_is_saved_without_a_script(
    as_ben: Client, assessment: Assessment, requirement: str, typed: str, value: str | None
) -> None:
    response = as_ben.post(save_url(assessment, requirement), form(value=typed, note="a\r\nb"))
    assert response.status_code == 302
    assert response["Location"] == page_of(assessment, requirement)
    answer = stored(assessment, requirement)
    assert answer is not None
    assert (answer.value, answer.note, answer.version) == (value, "a\nb", 1)
    page = as_ben.get(response["Location"]).content.decode()
    assert "The answer is saved." in page
    assert "a\nb</textarea>" in page


def test_saving_live_answers_with_the_outcome_and_the_new_version(
    as_ben: Client, assessment: Assessment
) -> None:
    response = as_ben.post(save_url(assessment), form(value="11.5"), headers=HTMX)
    page = response.content.decode()
    assert response.status_code == 200
    assert "<html" not in page
    assert "11.5 years is within the limit of 25 years" in page
    assert 'name="base_version" value="1"' in page
    assert "Saved " in page


def test_saving_an_answer_takes_at_most_ten_queries(
    as_ben: Client, answered_assessment: Assessment
) -> None:
    answer = stored(answered_assessment)
    assert answer is not None
    for version, headers in ((answer.version, HTMX), (answer.version + 1, {})):
        with CaptureQueriesContext(connection) as queries:
            response = as_ben.post(
                save_url(answered_assessment),
                form(value="11.5", base_version=str(version)),
                headers=headers,
            )
        assert response.status_code in (200, 302)
        # A test runs inside a transaction, so the service's own shows as two savepoint statements.
        assert len([q for q in queries if "SAVEPOINT" not in q["sql"]]) <= 10


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("one", "Write a number, in years."),
        ("123 km", "Write the number only, in years."),
        ("-1", "-1 is too small."),
        ("10001", "10001 is too large."),
        ("1e99", "outside what can be measured"),
        ("1e999", "Write the number only, in years."),
        ("NaN", "Write a number, in years."),
        ("１１", "ordinary digits"),
        ("1,5", "without commas"),
        ("0.123", "at most 2 decimal places"),
        ("9" * 500, "longer than 100 characters"),
        ("5\x00", "Write"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_a_wrong_number_gets_its_sentence_and_nothing_else_is_lost(
    as_ben: Client, assessment: Assessment, typed: str, sentence: str, headers: dict[str, str]
) -> None:
    response = as_ben.post(
        save_url(assessment), form(value=typed, note="Drag sail", flag="come_back"), headers=headers
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert sentence in page
    assert 'name="flag" value="come_back"' in page
    assert stored(assessment) is None
    if not headers:
        assert "Drag sail</textarea>" in page
        assert 'aria-invalid="true"' in page
        assert "everything you typed is still here" in page


@pytest.mark.parametrize("requirement", [POLICY, CHOICE])
def test_a_choice_nobody_offered_is_refused(
    as_ben: Client, assessment: Assessment, requirement: str
) -> None:
    response = as_ben.post(save_url(assessment, requirement), form(value="perhaps"))
    assert response.status_code == 422
    assert "is not one of the choices" in response.content.decode()


@pytest.mark.parametrize("reason", ["", "   "])
def test_not_applicable_without_a_reason_is_asked_for_one(
    as_ben: Client, assessment: Assessment, reason: str
) -> None:
    response = as_ben.post(
        save_url(assessment, POLICY),
        form(value="_not_applicable", not_applicable_reason=reason, note="kept"),
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "Say why this does not apply to you." in page
    assert "kept</textarea>" in page
    assert 'value="_not_applicable" checked' in page
    assert stored(assessment, POLICY) is None


def test_not_applicable_with_a_reason_takes_the_value_s_place(
    as_ben: Client, assessment: Assessment
) -> None:
    as_ben.post(save_url(assessment), form(value="11.5"))
    as_ben.post(
        save_url(assessment),
        form(
            value="11.5",
            not_applicable="1",
            not_applicable_reason="It flies to the Moon.",
            base_version="1",
        ),
    )
    answer = stored(assessment)
    assert answer is not None
    assert (answer.value, answer.not_applicable_reason) == (None, "It flies to the Moon.")


def test_a_note_that_is_too_long_is_told_and_kept(as_ben: Client, assessment: Assessment) -> None:
    note = "x" * 20_001
    response = as_ben.post(save_url(assessment), form(value="5", note=note))
    page = response.content.decode()
    assert response.status_code == 422
    assert "at most 20,000" in page
    assert f"{note}</textarea>" in page


def test_a_mark_is_put_on_and_taken_off_by_a_button(as_ben: Client, assessment: Assessment) -> None:
    as_ben.post(save_url(assessment), form(set_flag="dont_know"))
    answer = stored(assessment)
    assert answer is not None
    assert answer.flag == "dont_know"
    page = as_ben.get(page_of(assessment)).content.decode()
    assert 'name="set_flag" value="" aria-pressed="true"' in page
    as_ben.post(save_url(assessment), form(flag="dont_know", set_flag="", base_version="1"))
    answer.refresh_from_db()
    assert answer.flag == ""


def test_answering_takes_the_mark_don_t_know_off(as_ben: Client, assessment: Assessment) -> None:
    as_ben.post(save_url(assessment), form(set_flag="dont_know"))
    as_ben.post(save_url(assessment), form(value="5", flag="dont_know", base_version="1"))
    answer = stored(assessment)
    assert answer is not None
    assert (answer.value, answer.flag) == ("5", "")


def test_a_mark_nobody_offered_is_refused(as_ben: Client, assessment: Assessment) -> None:
    assert as_ben.post(save_url(assessment), form(flag="urgent")).status_code == 422


def test_a_carried_answer_is_confirmed_by_saving_it(
    as_ben: Client, assessment: Assessment, ben: Membership
) -> None:
    save_answer(assessment=assessment, requirement_id=NUMBER, value="5", base_version=0, by=ben)
    Answer.objects.filter(assessment=assessment).update(is_carried_over=True)
    assert "Still holds" in as_ben.get(page_of(assessment)).content.decode()
    as_ben.post(save_url(assessment), form(value="5", base_version="1"))
    assert "Still holds" not in as_ben.get(page_of(assessment)).content.decode()


def test_the_history_tells_who_said_what(as_ben: Client, assessment: Assessment) -> None:
    as_ben.post(save_url(assessment), form(value="14", note="first"))
    as_ben.post(save_url(assessment), form(value="11.5", note="second", base_version="1"))
    page = as_ben.get(page_of(assessment)).content.decode()
    history = page.partition("History of this answer")[2].partition("</ol>")[0]
    assert history.index("11.5 years") < history.index("14 years")
    assert "<strong>Ben</strong> answered" in history
    assert "note: second" in history


def test_text_of_a_person_is_never_html(as_ben: Client, assessment: Assessment) -> None:
    evil = "</textarea><script>alert(1)</script>"
    as_ben.post(save_url(assessment), form(value="5", note=evil))
    page = as_ben.get(page_of(assessment)).content.decode()
    assert "<script>alert" not in page


# --- locked ---------------------------------------------------------------------------------------


def test_a_submitted_answer_is_locked_and_says_why(
    client: Client, submission: Submission, ben: Membership
) -> None:
    client.force_login(ben.user)
    assessment = Assessment.objects.get(pk=submission.assessment_id)
    page = client.get(page_of(assessment)).content.decode()
    assert 'name="value"' not in page
    assert "The assessment is “Submitted”" in page
    before = stored(assessment)
    response = client.post(save_url(assessment), form(value="1", base_version="1"))
    assert response.status_code == 409
    assert "This answer is locked" in response.content.decode()
    after = stored(assessment)
    assert before is not None
    assert after is not None
    assert after.value == before.value


def test_only_what_the_officer_opened_can_be_changed_and_the_comment_is_shown(
    client: Client, submission: Submission, ben: Membership, cleo: Membership
) -> None:
    record_determination(
        submission=submission,
        requirement_id=NUMBER,
        outcome="not_met",
        comment="Which atmosphere did you use?",
        opens_again=True,
        by=cleo,
    )
    return_to_firm(submission=submission, comment="One question.", by=cleo)
    client.force_login(ben.user)
    assessment = Assessment.objects.get(pk=submission.assessment_id)
    opened = client.get(page_of(assessment)).content.decode()
    assert "Which atmosphere did you use?" in opened
    assert "opened again" in opened
    assert 'name="value"' in opened
    closed = client.get(page_of(assessment, CHOICE)).content.decode()
    assert "The officer did not open this one again." in closed
    assert 'name="value"' not in closed
    answer = stored(assessment)
    assert answer is not None
    sent = form(value="4", base_version=str(answer.version))
    assert client.post(save_url(assessment), sent).status_code == 302
    refused = client.post(save_url(assessment, CHOICE), form(value="level_1", base_version="1"))
    assert refused.status_code == 409


# --- two people at once ---------------------------------------------------------------------------


@pytest.fixture
def overtaken(assessment: Assessment, ada: Membership) -> Assessment:
    """Both started from 14 years; then ada saved 11.5 years."""
    for version, value in ((0, "14"), (1, "11.5")):
        save_answer(
            assessment=assessment,
            requirement_id=NUMBER,
            value=value,
            note="NRLMSISE-00.",
            base_version=version,
            by=ada,
        )
    return assessment


MINE = {"value": "9.8", "note": "NRLMSISE-00. Drag sail.", "base_version": "1"}


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_whoever_comes_second_sees_all_three_versions(
    as_ben: Client, overtaken: Assessment, headers: dict[str, str]
) -> None:
    response = as_ben.post(save_url(overtaken), form(**MINE), headers=headers)
    page = response.content.decode()
    assert response.status_code == 412
    assert "Ada saved this answer before you" in page
    for version in ("9.8 years", "11.5 years", "14 years", "Drag sail."):
        assert version in page
    assert "both changed" in page
    assert "yours changed" in page
    assert 'name="base_version" value="2"' in page
    if headers:
        assert response["HX-Retarget"] == "#main"
    answer = stored(overtaken)
    assert answer is not None
    assert answer.value == "11.5"


def chosen(page: str, **keep: str) -> dict[str, str]:
    """The conflict form with these choices."""
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', page))
    hidden.pop("csrfmiddlewaretoken", None)
    return {**hidden, **{f"keep_{part}": side for part, side in keep.items()}}


def test_each_part_is_kept_as_chosen(as_ben: Client, overtaken: Assessment) -> None:
    page = as_ben.post(save_url(overtaken), form(**MINE)).content.decode()
    response = as_ben.post(save_url(overtaken), chosen(page, answer="theirs", note="mine"))
    assert response.status_code == 302
    answer = stored(overtaken)
    assert answer is not None
    assert (answer.value, answer.note, answer.version) == ("11.5", "NRLMSISE-00. Drag sail.", 3)


def test_two_notes_are_put_together(as_ben: Client, overtaken: Assessment, ada: Membership) -> None:
    save_answer(
        assessment=overtaken,
        requirement_id=NUMBER,
        value="11.5",
        note="NRLMSISE-00. F10.7 is 150.",
        base_version=2,
        by=ada,
    )
    page = as_ben.post(save_url(overtaken), form(**MINE)).content.decode()
    offered = page.partition('name="together_note" rows="4">\n')[2].partition("</textarea>")[0]
    assert offered == "NRLMSISE-00. F10.7 is 150.\nDrag sail."
    sent = {**chosen(page, note="together"), "together_note": f"{offered}\nBoth."}
    assert as_ben.post(save_url(overtaken), sent).status_code == 302
    answer = stored(overtaken)
    assert answer is not None
    assert answer.note == "NRLMSISE-00. F10.7 is 150.\nDrag sail.\nBoth."


def test_going_back_loses_nothing_and_saves_over_the_newer_one_knowingly(
    as_ben: Client, overtaken: Assessment
) -> None:
    page = as_ben.post(save_url(overtaken), form(**MINE)).content.decode()
    back = as_ben.post(save_url(overtaken), {**chosen(page), "back": "1"})
    text = back.content.decode()
    assert back.status_code == 200
    assert 'value="9.8"' in text
    assert "Drag sail.</textarea>" in text
    assert 'name="base_version" value="2"' in text
    answer = stored(overtaken)
    assert answer is not None
    assert answer.value == "11.5"


def test_a_third_save_in_between_is_a_conflict_again(
    as_ben: Client, overtaken: Assessment, ada: Membership
) -> None:
    page = as_ben.post(save_url(overtaken), form(**MINE)).content.decode()
    save_answer(assessment=overtaken, requirement_id=NUMBER, value="3", base_version=2, by=ada)
    assert as_ben.post(save_url(overtaken), chosen(page, answer="mine")).status_code == 412


def test_the_same_words_sent_twice_are_no_conflict(as_ben: Client, assessment: Assessment) -> None:
    for _click in range(2):
        response = as_ben.post(save_url(assessment), form(value="11.5", note="same"))
        assert response.status_code == 302
    answer = stored(assessment)
    assert answer is not None
    assert answer.version == 1


@pytest.mark.parametrize("version", ["", "banana", "-1", "1" * 40, "²"])
def test_a_form_without_its_version_never_overwrites(
    as_ben: Client, overtaken: Assessment, version: str
) -> None:
    sent = form(value="1", base_version=version)
    assert as_ben.post(save_url(overtaken), sent).status_code == 412
    answer = stored(overtaken)
    assert answer is not None
    assert answer.value == "11.5"
