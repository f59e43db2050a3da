"""A draft keeps the edition it was started with, until somebody moves it; and it can come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from checklists import Catalogue, Text, load_catalogue
from checklists.engine.difference import difference
from checklists.engine.model import AnswerKind, AnswerSpec, ParameterValue
from compliance.errors import NotPermitted, RulesChanged, TransitionNotAllowed
from compliance.models import Assessment, AuditEvent, CatalogueEdition, EditionMove, Membership
from compliance.selectors import editions
from compliance.selectors.editions import content_digest, edition_of, stored_edition
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.moves import move_page
from compliance.services.answers import confirm_carried_over, save_answer
from compliance.services.editions import move_to_newer_edition, undo_move
from tests import factories

KEPT = "cnsa.m01.research_call_watch"
REWORDED = "cnsa.m06.mandatory_standards_met"
LIMITED = "cnsa.m07.orbit_lifetime_after_mission"
RETIRED = "cnsa.m06.standards_disclosed"
NEW = "cnsa.m06.something_new"
LIMIT = "orbit_lifetime_after_mission_years"


def next_edition(rules: Catalogue) -> Catalogue:
    """An edition with one requirement reworded, one limit lowered, one gone and one new."""
    requirements = dict(rules.requirements)
    reworded = requirements[REWORDED]
    requirements[REWORDED] = replace(
        reworded, question=Text("Is every mandatory standard met?", "强制性标准是否全部符合？")
    )
    new = replace(
        requirements.pop(RETIRED),
        id=NEW,
        source_row="M06-09",
        answer=AnswerSpec(AnswerKind.YES_PARTLY_NO, may_be_not_applicable=True),
        check=None,
    )
    requirements[NEW] = new
    limit = rules.parameters[LIMIT]
    values = tuple(lowered(value) for value in limit.values)
    parameters = {**rules.parameters, LIMIT: replace(limit, values=values)}
    return replace(
        rules, edition="2027.1", digest="f" * 64, requirements=requirements, parameters=parameters
    )


def lowered(value: ParameterValue) -> ParameterValue:
    return replace(value, value=value.value - 5, starts_on=date(2026, 1, 1))


@pytest.fixture
def draft(ada: Membership) -> Assessment:
    assessment = factories.draft(ada)
    for name, value in ((KEPT, "yes"), (REWORDED, "partly"), (RETIRED, "no"), (LIMITED, "22")):
        save_answer(
            assessment=assessment, requirement_id=name, value=value, base_version=None, by=ada
        )
    return Assessment.objects.get(pk=assessment.pk)


@pytest.fixture
def newer(draft: Assessment, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    """The rules of a later day."""
    later = next_edition(load_catalogue())
    monkeypatch.setattr(editions, "load_catalogue", lambda name: later)
    editions._stored.clear()
    yield later
    editions._stored.clear()


def moved(draft: Assessment, newer: Catalogue, ada: Membership) -> EditionMove:
    return move_to_newer_edition(assessment=draft, to=content_digest(newer), by=ada)


def test_a_draft_keeps_its_edition_when_the_rules_change(
    draft: Assessment, newer: Catalogue, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        own = edition_of(draft)
    assert (own.edition, own.requirements[REWORDED]) != (
        newer.edition,
        newer.requirements[REWORDED],
    )
    assert set(own.requirements) == set(load_catalogue().requirements)
    with django_assert_num_queries(0):
        assert edition_of(draft) is own


def test_an_edition_is_stored_once_and_reads_back_the_same(draft: Assessment) -> None:
    row = CatalogueEdition.objects.get()
    assert row.digest == content_digest(load_catalogue()) == draft.catalogue_digest
    editions._stored.clear()
    kept = stored_edition(row.digest)
    assert kept is not None
    assert difference(kept, load_catalogue()).is_empty
    editions._stored.clear()
    CatalogueEdition.objects.update(content=b"not an edition")
    assert stored_edition(row.digest) is None


def test_the_preview_tells_what_becomes_of_each_answer(draft: Assessment, newer: Catalogue) -> None:
    page = move_page(evaluation_of(draft), "en")
    assert page.newer == "2027.1"
    assert page.kept == 1
    assert [line.id for line in page.confirm_again] == [REWORDED, LIMITED]
    reworded, limited = page.confirm_again
    assert reworded.answer == "Partly"
    assert reworded.changes[0].after == "Is every mandatory standard met?"
    assert "every mandatory standard that applies" in reworded.changes[0].before
    assert limited.answer == "22 years"
    assert any("25 years" in c.before and "20 years" in c.after for c in limited.changes)
    (retired,) = page.retired
    assert (retired.id, retired.answer) == (RETIRED, "No")
    assert retired.question
    assert [line.id for line in page.new] == [NEW]
    # Nothing has been done yet.
    assert not EditionMove.objects.exists()
    assert Assessment.objects.get(pk=draft.pk).catalogue_edition == draft.catalogue_edition


def test_a_move_marks_what_changed_and_keeps_what_is_retired(
    draft: Assessment, newer: Catalogue, ada: Membership
) -> None:
    before = {a.requirement: a.version for a in draft.answers.all()}
    move = moved(draft, newer, ada)
    stored = Assessment.objects.get(pk=draft.pk)
    assert (stored.catalogue_edition, edition_of(stored)) == ("2027.1", newer)
    marked = {a.requirement: a.is_carried_over for a in draft.answers.all()}
    assert marked == {KEPT: False, REWORDED: True, LIMITED: True, RETIRED: False}
    versions = {a.requirement: a.version - before[a.requirement] for a in draft.answers.all()}
    assert versions == {KEPT: 0, REWORDED: 1, LIMITED: 1, RETIRED: 0}
    (retired,) = move.retired
    assert (retired["id"], retired["answer"]["en"]) == (RETIRED, "No")
    assert retired["question"]["zh_hans"]
    assert evaluation_of(stored).evaluation.rows[LIMITED].outcome == "not_met"
    event = AuditEvent.objects.get(action="assessment.edition_moved")
    assert event.after is not None
    assert (event.after["edition"], event.after["confirm_again"]) == ("2027.1", 2)


def test_a_move_is_undone_in_one_step(draft: Assessment, newer: Catalogue, ada: Membership) -> None:
    first = load_catalogue()
    moved(draft, newer, ada)
    undo_move(assessment=draft, by=ada)
    stored = Assessment.objects.get(pk=draft.pk)
    assert stored.catalogue_digest == content_digest(first)
    assert not stored.answers.filter(is_carried_over=True).exists()
    assert evaluation_of(stored).evaluation.rows[LIMITED].outcome == "partly_met"
    assert AuditEvent.objects.filter(action="assessment.edition_move_undone").exists()
    with pytest.raises(RulesChanged):
        undo_move(assessment=draft, by=ada)


@pytest.mark.parametrize("edit", ["answer", "confirm"])
def test_an_edit_after_the_move_makes_it_final(
    draft: Assessment, newer: Catalogue, ada: Membership, edit: str
) -> None:
    moved(draft, newer, ada)
    if edit == "answer":
        save_answer(assessment=draft, requirement_id=KEPT, value="no", base_version=None, by=ada)
    else:
        confirm_carried_over(assessment=draft, requirement_ids=[REWORDED], by=ada)
    with pytest.raises(RulesChanged):
        undo_move(assessment=draft, by=ada)
    assert Assessment.objects.get(pk=draft.pk).catalogue_edition == "2027.1"


def test_only_the_previewed_edition_is_moved_to(
    draft: Assessment, newer: Catalogue, ada: Membership
) -> None:
    with pytest.raises(RulesChanged):
        move_to_newer_edition(assessment=draft, to="0" * 64, by=ada)
    moved(draft, newer, ada)
    with pytest.raises(RulesChanged):
        moved(draft, newer, ada)


def test_a_contributor_cannot_move_it_and_a_submitted_one_stays(
    draft: Assessment, newer: Catalogue, ada: Membership, ben: Membership
) -> None:
    with pytest.raises(NotPermitted):
        moved(draft, newer, ben)
    Assessment.objects.filter(pk=draft.pk).update(status=Assessment.Status.SUBMITTED)
    with pytest.raises(TransitionNotAllowed):
        moved(draft, newer, ada)
    assert edition_of(Assessment.objects.get(pk=draft.pk)).edition != newer.edition


def test_the_pages_lead_through_the_move(
    client: Client, draft: Assessment, newer: Catalogue, ada: Membership
) -> None:
    client.force_login(ada.user)
    page = reverse("assessment_edition", args=[draft.pk])
    tasks = client.get(reverse("assessment_tasks", args=[draft.pk])).content.decode()
    assert "The rules have a newer edition, 2027.1." in tasks
    preview = client.get(page).content.decode()
    assert "Is every mandatory standard met?" in preview
    assert content_digest(newer) in preview
    reply = client.post(
        reverse("assessment_edition_move", args=[draft.pk]),
        {"to": content_digest(newer)},
        follow=True,
    )
    done = reply.content.decode()
    assert "Undo the move" in done
    assert "2 of 2 still open" in done
    requirement = client.get(reverse("requirement", args=[draft.pk, REWORDED])).content.decode()
    assert "Edition 2027.1 reads otherwise." in requirement
    back = client.post(reverse("assessment_edition_undo", args=[draft.pk]), follow=True)
    assert "Back to edition" in back.content.decode()


def test_the_page_of_a_move_asks_the_database_little(
    client: Client,
    draft: Assessment,
    newer: Catalogue,
    ada: Membership,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client.force_login(ada.user)
    moved(draft, newer, ada)
    with django_assert_max_num_queries(15):
        client.get(reverse("assessment_edition", args=[draft.pk]))
