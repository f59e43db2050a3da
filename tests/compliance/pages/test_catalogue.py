"""The catalogue for everybody: complete, honest, found in both languages, without a database."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from html import unescape
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Page, expect
from pytest_django import DjangoAssertNumQueries
from pytest_django.live_server_helper import LiveServer

from checklists import Catalogue, load_catalogue
from checklists.engine import loader
from checklists.engine.clauses import condition_in_words
from checklists.engine.model import (
    AnyOf,
    FactOperator,
    FactTest,
    FlagTest,
    Not,
    Track,
)
from checklists.engine.wording import official_number
from compliance.models import Assessment, Membership
from compliance.pages.catalogue import marks
from compliance.selectors.catalogue import (
    By,
    CatalogueFilters,
    catalogue_reference,
    catalogue_requirement,
    dated,
    found_requirements,
    measure_line,
    number_of,
    period_in_words,
)
from compliance.selectors.examples import examples_of, history_of_requirement
from tests.checklists.oscal import catalog

ORBIT = "cnsa.m07.orbit_lifetime_after_mission"
CHOICE = "cnsa.m08.system_protection_level"
TODAY = date(2026, 11, 20)


@pytest.fixture
def rules() -> Catalogue:
    return load_catalogue()


def text_of(client: Client, address: str, **options: object) -> str:
    reply = client.get(address, **options)  # type: ignore[arg-type]
    assert reply.status_code == 200
    return unescape(reply.content.decode())


def ids(rules: Catalogue, query: str, severity: str = "") -> set[str]:
    return {
        r.id
        for r in found_requirements(
            rules, CatalogueFilters.read({"q": query, "severity": severity})
        )
    }


# --- open to everybody, at no cost to the database ------------------------------------------------


def every_address(rules: Catalogue) -> list[str]:
    return [
        *(f"{reverse('catalogue')}?by={by}" for by in By),
        *(reverse("catalogue_requirement", args=[name]) for name in rules.requirements),
        *(reverse("catalogue_measure", args=[number]) for number in rules.measures),
        *(reverse("catalogue_reference", args=[name]) for name in rules.references),
    ]


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_every_page_of_the_catalogue_opens_without_a_query(
    client: Client,
    db: None,
    rules: Catalogue,
    django_assert_num_queries: DjangoAssertNumQueries,
    lang: str,
) -> None:
    with django_assert_num_queries(0):
        for address in every_address(rules):
            reply = client.get(address, headers={"accept-language": lang})
            assert reply.status_code == 200, address


def test_a_signed_in_person_costs_the_session_the_user_and_the_menu(
    client: Client, ada: Membership, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(ada.user)
    with django_assert_num_queries(3):
        page = text_of(client, reverse("catalogue"))
    assert ada.firm.name in page


@pytest.mark.parametrize(
    "address",
    [
        "/catalogue/cnsa.m99.nothing/",
        "/catalogue/measures/",
        "/catalogue/measures/0/",
        "/catalogue/measures/23/",
        f"/catalogue/measures/{'9' * 5000}/",
        "/catalogue/references/NOTHING/",
        "/catalogue/%00/",
    ],
)
def test_what_is_not_in_the_catalogue_is_not_found(client: Client, db: None, address: str) -> None:
    assert client.get(address).status_code == 404


@pytest.mark.parametrize("query", ["by=nothing&severity=nothing", "q=%00", "q=" + "(" * 3000])
def test_an_address_nobody_meant_still_answers(client: Client, db: None, query: str) -> None:
    assert client.get(f"/catalogue/?{query}").status_code == 200


def test_the_catalogue_is_read_only(client: Client, db: None) -> None:
    assert client.post(reverse("catalogue")).status_code == 405


# --- browsing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [By.MEASURE, By.TOPIC, By.TRACK, By.SOURCE])
def test_every_requirement_is_reached_by_every_way(
    client: Client, db: None, rules: Catalogue, by: By
) -> None:
    page = text_of(client, f"/catalogue/?by={by}")
    missing = [r for r in rules.requirements if f'href="/catalogue/{r}/"' not in page]
    without_source = [r.id for r in rules.requirements.values() if not r.references]
    assert missing == (without_source if by is By.SOURCE else [])


def test_every_source_is_listed_even_where_nothing_rests_on_it(
    client: Client, db: None, rules: Catalogue
) -> None:
    page = text_of(client, "/catalogue/?by=source")
    assert [r for r in rules.references if f"/references/{r}/" not in page] == []


def test_the_head_counts_what_the_catalogue_holds(
    client: Client, db: None, rules: Catalogue
) -> None:
    page = re.sub(r"<[^>]+>", "", text_of(client, "/catalogue/"))
    assert f"{len(rules.requirements)} requirements" in page
    assert f"{len(rules.references)} sources" in page


def test_severity_narrows_and_empty_groups_go(client: Client, db: None, rules: Catalogue) -> None:
    page = text_of(client, "/catalogue/?severity=blocking")
    shown = set(re.findall(r'href="/catalogue/(cnsa\.[a-z0-9_.]+)/"', page))
    blocking = {r.id for r in rules.requirements.values() if r.severity == "blocking"}
    assert shown == blocking
    assert f"{len(blocking)} of {len(rules.requirements)} requirements match" in page
    empty = set(rules.measures) - {rules.requirements[name].measure for name in blocking}
    assert empty
    assert all(f'id="g-m{number}"' not in page for number in empty)


def test_the_tabs_keep_the_search(client: Client, db: None) -> None:
    page = text_of(client, "/catalogue/?q=保险&severity=major&by=topic")
    assert "?by=source&q=%E4%BF%9D%E9%99%A9&severity=major" in page


def test_a_live_search_gets_the_results_and_the_tabs_alone(client: Client, db: None) -> None:
    page = text_of(client, "/catalogue/?q=insurance", headers={"hx-request": "true"})
    assert "<html" not in page
    assert 'hx-swap-oob="true"' in page
    assert "requirements match" in page


# --- search ---------------------------------------------------------------------------------------


def test_a_search_finds_the_same_in_both_languages(rules: Catalogue) -> None:
    for query in ("orbit lifetime", "轨道寿命", "ＯＲＢＩＴ  Lifetime", "M07-01", ORBIT):
        assert ORBIT in ids(rules, query), query


def test_a_search_reaches_the_sources(rules: Catalogue) -> None:
    assert ORBIT in ids(rules, "GB/T 34513")
    assert ORBIT in ids(rules, "空间碎片减缓要求")


def test_every_word_has_to_be_there(rules: Catalogue) -> None:
    assert ids(rules, "orbit lifetime") < ids(rules, "orbit")
    assert ids(rules, "orbit zzzz") == set()


def test_search_and_severity_narrow_together(rules: Catalogue) -> None:
    both = ids(rules, "insurance", "blocking")
    found = ids(rules, "insurance")
    assert both == {name for name in found if rules.requirements[name].severity == "blocking"}
    assert both


def test_a_search_without_a_find_says_what_to_do(client: Client, db: None) -> None:
    page = text_of(client, "/catalogue/?q=zzzz")
    assert "Nothing matches" in page
    assert "Try fewer words" in page


# --- what is asked today --------------------------------------------------------------------------


def test_each_measure_tells_plan_and_law_apart(rules: Catalogue) -> None:
    for number, measure in rules.measures.items():
        line = measure_line(rules, measure, "en", TODAY)
        duties = [
            r
            for r in rules.requirements.values()
            if r.measure == number and r.track is Track.DUTY and r.in_force.holds(TODAY)
        ]
        assert line.counts.duty == len(duties)
        assert line.asks == measure.duty_in_plan


def test_a_duty_not_yet_in_force_is_not_counted_as_binding(rules: Catalogue) -> None:
    measure = rules.measures[7]
    before_any = date(1990, 1, 1)
    early, now = (measure_line(rules, measure, "en", day) for day in (before_any, TODAY))
    assert early.counts.duty < now.counts.duty


def test_the_page_of_today_puts_each_measure_on_one_side(
    client: Client, db: None, rules: Catalogue
) -> None:
    page = text_of(client, "/catalogue/?by=today")
    binding, open_ = page.split("Nothing binds firms today", 1)
    for number, measure in rules.measures.items():
        binds = measure_line(rules, measure, "en", TODAY).counts.duty > 0
        row = f'<a class="th-title" href="/catalogue/measures/{number}/"'
        assert (row in binding, row in open_) == (binds, not binds), number
    assert "3 measures tell firms directly what to do:" in page


def test_a_measure_says_whom_it_speaks_to_and_whose_title_it_bears(
    client: Client, db: None
) -> None:
    page = text_of(client, "/catalogue/measures/10/")
    assert "local governments" in page
    assert "Firms are not named." in page
    assert "The measure itself asks nothing of firms." in page
    assert "its heading was not" in page


# --- one requirement ------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_a_requirement_shows_everything_the_catalogue_says_of_it(
    client: Client, db: None, rules: Catalogue, lang: str
) -> None:
    for requirement in rules.requirements.values():
        address = reverse("catalogue_requirement", args=[requirement.id])
        page = text_of(client, address, headers={"accept-language": lang})
        said = [
            requirement.title,
            requirement.question,
            requirement.guidance,
            requirement.rationale,
            requirement.corrective_action.text,
            *(option.label for option in requirement.answer.options),
            *(rules.evidence_kinds[spec.kind] for spec in requirement.evidence),
            *(rules.references[c.reference].name for c in requirement.references),
            *(c.article for c in requirement.references if c.article),
            *(c.covers for c in requirement.references if c.covers),
        ]
        if requirement.verification_note:
            said.append(requirement.verification_note)
        missing = [text.en for text in said if text.get(lang) not in page]
        assert missing == [], requirement.id


def test_a_limit_stands_with_its_case_its_date_and_its_basis(rules: Catalogue) -> None:
    page = catalogue_requirement(rules, rules.requirements[ORBIT], "en")
    limits = [(limit.asked, limit.period, limit.is_best_practice) for limit in page.limits]
    assert limits == [
        ("at most 25 years", "from 1 May 2021", False),
        ("at most 25 years", "from 1 May 2018", False),
        ("at most 5 years", "from 29 Sep 2024", True),
    ]
    assert page.limits[1].case == "Mass of the heaviest satellite: 1000 kg or more"
    assert page.limits[0].basis == "administrative notice"
    assert page.limits[2].basis == "foreign rule, for comparison"
    assert page.limits[0].source_url == "/catalogue/references/CN-SMALLSAT-2021/"
    assert "the day is not known" in page.limits[0].note


def test_the_cases_are_shown_as_the_engine_judges_them(
    client: Client, db: None, rules: Catalogue
) -> None:
    found = {
        example.name: example for example in examples_of(rules, rules.requirements[ORBIT], "en")
    }
    past = found["25.01 years is just past the limit"]
    assert (past.answer, past.outcome) == ("25.01 years", "not_met")
    assert "over the limit of 25 years" in past.reason
    outside = found["does not apply - a data service provider is not addressed"]
    assert (outside.answer, outside.outcome) == ("", "not_applicable")
    assert "data service provider" in outside.reason.lower()
    chinese = examples_of(rules, rules.requirements[ORBIT], "zh-hans")
    assert [example.outcome for example in chinese] == [e.outcome for e in found.values()]
    assert not re.search("[A-Za-z]{4}", "".join(example.name for example in chinese))
    assert unescape(past.reason) in text_of(client, reverse("catalogue_requirement", args=[ORBIT]))


def test_the_history_tells_what_an_edition_changed(rules: Catalogue) -> None:
    (first,) = history_of_requirement(rules, rules.requirements[CHOICE], "en")[-1:]
    assert (first.edition, first.is_new) == ("2026.11", True)


def test_whom_a_requirement_concerns_is_said_in_words(rules: Catalogue) -> None:
    page = catalogue_requirement(rules, rules.requirements[ORBIT], "en")
    assert page.roles == "satellite manufacturer or satellite operator"
    assert page.conditions == ("Satellites are in or pass through the region below 2000 km",)


def test_a_requirement_for_everybody_says_so(client: Client, db: None, rules: Catalogue) -> None:
    name = next(r.id for r in rules.requirements.values() if not repr(r.applies_when).count("Test"))
    page = text_of(client, reverse("catalogue_requirement", args=[name]))
    assert "every role" in page
    assert "always" in page


def test_a_number_is_described_with_unit_range_and_precision(rules: Catalogue) -> None:
    page = catalogue_requirement(rules, rules.requirements[ORBIT], "en")
    assert page.answer_in_words == (
        "A number in years, between 0 and 10000, with up to 2 decimal places."
    )


def test_evidence_that_has_to_cover_a_mission_date_says_which(rules: Catalogue) -> None:
    policy = rules.requirements["cnsa.m18.third_party_policy_in_force"]
    page = catalogue_requirement(rules, policy, "en")
    covering = [kind for kind in page.evidence if kind.covers]
    assert [(kind.is_required, kind.covers) for kind in covering] == [(True, "launch window")]


def test_required_evidence_comes_first(rules: Catalogue) -> None:
    for requirement in rules.requirements.values():
        required = [k.is_required for k in catalogue_requirement(rules, requirement, "en").evidence]
        assert required == sorted(required, reverse=True)


def test_a_doubt_is_told_in_plain_words(client: Client, db: None, rules: Catalogue) -> None:
    doubted = next(r for r in rules.requirements.values() if r.verification_note)
    sure = next(
        r
        for r in rules.requirements.values()
        if (r.confidence, r.sources_verified, r.key_fact_seen) == ("high", "all", "seen")
        and not r.verification_note
    )
    told = "To be checked against the official text."
    assert told in text_of(client, reverse("catalogue_requirement", args=[doubted.id]))
    assert told not in text_of(client, reverse("catalogue_requirement", args=[sure.id]))


def test_requirements_lead_to_their_neighbours(rules: Catalogue) -> None:
    pages = [catalogue_requirement(rules, r, "en") for r in rules.requirements.values()]
    assert pages[0].previous is None
    assert pages[-1].next is None
    for page, following in pairwise(pages):
        assert page.next is not None
        assert page.next.title == following.title


def test_conditions_of_every_form_have_words(rules: Catalogue) -> None:
    sea = FlagTest("sea_launch")
    size = FactTest("firm.size", FactOperator.IS, rules.facts["firm.size"].choices[0].id)
    known = FactTest("firm.staff", FactOperator.ANSWERED, True)
    either = condition_in_words(rules, AnyOf((sea, Not(sea))))
    assert either.en == "A launch takes place at sea; or not (a launch takes place at sea)"
    assert either.zh_hans == "海上发射；或者不存在“海上发射”的情形"
    assert condition_in_words(rules, size).en.startswith("Size class: ")
    assert condition_in_words(rules, known).en == "Number of staff is known"


def test_periods_name_both_ends() -> None:
    first, last = date(2021, 5, 1), date(2022, 6, 2)
    assert period_in_words(first, last, "en") == "from 1 May 2021 until 2 Jun 2022"
    assert period_in_words(None, last, "en") == "until 2 Jun 2022"
    assert period_in_words(None, None, "en") == ""


# --- one source -----------------------------------------------------------------------------------


def test_a_source_names_both_languages_and_all_that_rests_on_it(
    client: Client, db: None, rules: Catalogue
) -> None:
    for reference in rules.references.values():
        page = text_of(client, reverse("catalogue_reference", args=[reference.id]))
        assert reference.name.en in page
        assert reference.name.zh_hans in page
        resting = [
            r.id
            for r in rules.requirements.values()
            if reference.id in {citation.reference for citation in r.references}
        ]
        assert re.findall(r'href="/catalogue/(cnsa\.[a-z0-9_.]+)/"', page) == resting


def test_a_source_nobody_read_says_so(client: Client, db: None, rules: Catalogue) -> None:
    told = "We have not read this source."
    unread = [r for r in rules.references.values() if not r.verified]
    assert unread
    for reference in (*unread, rules.references["CN-SMALLSAT-2021"]):
        page = text_of(client, reverse("catalogue_reference", args=[reference.id]))
        assert (told in page) is not reference.verified, reference.id


def test_a_source_shows_the_limits_it_sets(rules: Catalogue) -> None:
    notice = rules.references["CN-SMALLSAT-2021"]
    page = catalogue_reference(rules, notice, "en", TODAY, marks())
    assert [(limit.value, limit.period) for limit in page.limits] == [
        ("25 years", "from 1 May 2021"),
        ("30 days", "from 1 May 2021"),
    ]


@pytest.mark.parametrize(
    ("stated", "text", "aside"),
    [
        ("2025-11-25", "25 Nov 2025", ""),
        ("2021-05", "May 2021", ""),
        ("2023", "2023", ""),
        ("2025-07-21 (publication)", "21 Jul 2025", "day of publication"),
        ("2011-11 (general knowledge, not read)", "Nov 2011", "from general knowledge, not read"),
        ("2019-10-26 / 2023-04-27", "26 Oct 2019 / 27 Apr 2023", ""),
        ("2025-09-01 (assumed)", "1 Sep 2025", "assumed"),
        ("not yet", "not in force yet", ""),
        ("2021-", "2021-", ""),
        ("", "", ""),
    ],
)
def test_a_date_of_a_source_is_as_exact_as_it_is_known(stated: str, text: str, aside: str) -> None:
    said = dated(stated, "en")
    assert (said.text, said.aside) == (text, aside)


def test_dates_of_sources_are_written_as_the_reader_writes_them() -> None:
    assert dated("2021-05", "zh-hans").text == "2021年5月"
    assert dated("2023", "zh-hans").text == "2023年"


def test_a_number_reads_in_the_readers_language_with_its_doubt(rules: Catalogue) -> None:
    def numbers(name: str) -> tuple[str, str]:
        return number_of(rules.references[name], "en"), number_of(rules.references[name], "zh-hans")

    assert numbers("CN-SMALLSAT-2021") == ("", "")  # not found is not shown as one
    assert numbers("CN-CROSSBORDER-2024") == (
        "Order No. 16 (第16号令) (number from general knowledge, not read)",
        "第16号令（文号据一般了解，未核对原文）",
    )
    assert numbers("ISO-27852")[1] == "ISO 27852:2016（其后有修订，现行版本未核对）"
    assert numbers("GBT-34513") == ("GB/T 34513-2017", "GB/T 34513-2017")


def test_a_number_frozen_as_one_string_still_reads_in_both_languages() -> None:
    assert official_number("not found", "en") == official_number(None, "en") == ""
    assert official_number("Order No. 493 (国务院令第493号)", "zh-hans") == "国务院令第493号"
    unread = "科工一司〔2019〕647号 (number: general knowledge, not read)"
    assert (
        official_number(unread, "zh-hans") == "科工一司〔2019〕647号（编号据一般了解，未核对原文）"
    )
    assert official_number({"en": "annex 3", "zh_hans": "附件3"}, "zh-hans") == "附件3"


def test_a_chinese_reader_finds_no_english_on_the_page_of_a_source(
    client: Client, db: None, rules: Catalogue
) -> None:
    for name, reference in rules.references.items():
        address = reverse("catalogue_reference", args=[name])
        page = text_of(client, address, headers={"accept-language": "zh-hans"})
        marked = re.findall(r'lang="en"[^>]*>([^<]*)<', page)
        assert set(marked) <= {reference.name.en, ""}, name
        number = reference.number
        assert not (number and number.zh_hans) or number.en not in page, name


def test_only_a_web_address_becomes_a_link(rules: Catalogue) -> None:
    plan = replace(rules.references["CNSA-PLAN-2025"], url="javascript:alert(1)")
    assert catalogue_reference(rules, plan, "en", TODAY, marks()).url == ""


def test_the_page_of_an_answer_leads_to_the_full_requirement(
    client: Client, ada: Membership, assessment: Assessment
) -> None:
    client.force_login(ada.user)
    page = text_of(client, reverse("requirement", args=[assessment.pk, ORBIT]))
    assert f'href="/catalogue/{ORBIT}/"' in page


# --- further frameworks ---------------------------------------------------------------------------


@pytest.fixture
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalogue:
    """A framework of the installation's own, imported from OSCAL, beside one that is broken."""
    monkeypatch.setattr(loader, "_frameworks", tmp_path)
    file = tmp_path / "controls.json"
    file.write_text(json.dumps(catalog()))
    call_command("catalogue", "import", str(file), id="ground", out=tmp_path, stdout=StringIO())
    loader.write_catalogue({"catalogue.yaml": b"id: [\n"}, tmp_path / "broken")
    return load_catalogue("ground")


def test_a_framework_is_browsed_by_its_id(
    client: Client,
    db: None,
    ground: Catalogue,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    home = "/frameworks/ground/"
    requirement = next(iter(ground.requirements.values()))
    addresses = [
        *(f"{home}?by={by}" for by in By),
        *(f"{home}{name}/" for name in ground.requirements),
        *(f"{home}groups/{number}/" for number in ground.measures),
        *(f"{home}references/{name}/" for name in ground.references),
    ]
    with django_assert_num_queries(0):
        pages = {
            (address, lang): text_of(client, address, headers={"accept-language": lang})
            for address in addresses
            for lang in ("en", "zh-hans")
        }
        plan = text_of(client, "/catalogue/")
        found = text_of(client, f"{home}?q={requirement.title.en}&severity=major")
    assert f'href="{home}"' in plan  # from one catalogue to the other, and back
    assert 'href="/catalogue/"' in pages[f"{home}?by=measure", "en"].partition("Catalogues")[2]
    for (address, _), page in pages.items():
        said = page.partition("<main")[2] or page
        assert "Plan: " not in said, address
        assert "/catalogue/measures/" not in said, address
        assert f'href="{home}' in page, address
    assert f'href="{home}{requirement.id}/"' in pages[home + "?by=measure", "en"]
    assert f'href="{home}{requirement.id}/"' in found
    assert "by=today" not in pages[home + "?by=topic", "en"]
    assert (
        unescape(requirement.guidance.en.splitlines()[0]) in pages[f"{home}{requirement.id}/", "en"]
    )


@pytest.mark.parametrize(
    "address", ["nothing/", "broken/", "..%2F/", "ground/groups/99/", "ground/g.c.x/", "%00/"]
)
def test_what_is_no_framework_is_not_found(
    client: Client, db: None, ground: Catalogue, address: str
) -> None:
    assert client.get(f"/frameworks/{address}").status_code == 404


# --- in a browser ---------------------------------------------------------------------------------


@pytest.mark.browser
def test_a_search_narrows_while_it_is_typed(page: Page, live_server: LiveServer) -> None:
    page.goto(f"{live_server.url}/catalogue/")
    page.keyboard.press("/")
    page.keyboard.type("轨道寿命")
    expect(page.get_by_role("status")).to_contain_text("requirements match")
    expect(page.get_by_role("link", name="Orbit lifetime after the end of mission")).to_be_visible()
    expect(page.get_by_role("link", name="By topic")).to_have_attribute("href", re.compile("q="))
