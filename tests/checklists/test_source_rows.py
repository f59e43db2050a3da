"""Nothing of the subject matter is lost, doubled, or asked for in vain.

The list of rows is written out on purpose: a catalogue that lost one could not tell by itself.
"""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

import pytest

from checklists import Catalogue, Fact
from checklists.engine.conditions import ALWAYS, ConditionProgram, names_in
from checklists.engine.model import (
    Condition,
    FactKind,
    FactTest,
    FactValue,
    NumberCheck,
    Requirement,
    Severity,
    Track,
)

# fmt: off
SOURCE_ROWS = [
    "M01-01", "M01-02", "M01-03", "M01-04",
    "M02-01", "M02-02", "M02-03",
    "M03-01", "M03-02", "M03-03",
    "M04-01", "M04-02", "M04-03",
    "M05-01", "M05-02", "M05-03", "M05-04", "M05-05",
    "M06-01", "M06-02", "M06-03", "M06-04",
    "M07-01", "M07-02", "M07-03", "M07-04", "M07-05", "M07-06", "M07-07", "M07-08", "M07-09",
    "M08-01", "M08-02", "M08-03", "M08-04", "M08-05", "M08-06", "M08-07",
    "M08-08", "M08-09", "M08-10", "M08-11", "M08-12", "M08-13",
    "M09-01", "M09-02", "M09-03",
    "M10-01", "M10-02", "M10-03",
    "M11-01", "M11-02", "M11-03", "M11-04",
    "M12-01", "M12-02", "M12-03",
    "M13-01", "M13-02", "M13-03", "M13-04",
    "M14-01", "M14-02", "M14-03", "M14-04", "M14-05", "M14-06", "M14-07", "M14-08", "M14-09",
    "M15-01", "M15-02", "M15-03", "M15-04", "M15-05", "M15-06", "M15-07",
    "M15-08", "M15-09", "M15-10",
    "M16-01", "M16-02", "M16-03", "M16-04", "M16-05", "M16-06", "M16-07", "M16-08",
    "M17-01", "M17-02", "M17-03", "M17-04", "M17-05", "M17-06",
    "M18-01", "M18-02", "M18-03", "M18-04", "M18-05", "M18-06", "M18-07",
    "M18-08", "M18-09", "M18-10",
    "M19-01", "M19-02", "M19-03", "M19-04", "M19-05", "M19-06", "M19-07", "M19-08",
    "M20-01", "M20-02", "M20-03", "M20-04", "M20-05", "M20-06", "M20-07", "M20-08", "M20-09",
    "M21-01", "M21-02", "M21-03", "M21-04", "M21-05", "M21-06", "M21-07",
    "M21-08", "M21-09", "M21-10", "M21-11", "M21-12",
    "M22-01", "M22-02", "M22-03", "M22-04", "M22-05", "M22-06", "M22-07",
]
# Beyond the source rows: where a measure was thin and a source that was read bears it.
ADDED_ROWS = ["M08-14", "M08-15", "M08-16", "M10-04", "M10-05", "M10-06", "M20-10"]
# fmt: on

# What the texts behind the rows talk about. A flag may be derived otherwise, but not go missing.
FLAGS = [
    "acquired_state_funded_ip",
    "bids_in_public_tenders",
    "builds_facility",
    "celestial_body_activity",
    "crewed",
    "designated_cii",
    "exports_controlled_items",
    "exports_technology",
    "first_flight_or_immature_model",
    "foreign_customers",
    "foreign_parties_in_launch",
    "had_launch_failure",
    "handles_explosives",
    "handles_hazardous_materials",
    "handles_important_data",
    "handles_remote_sensing_data",
    "handles_state_secrets",
    "has_foreign_investors",
    "has_major_hazard_source",
    "has_satellites_in_geo",
    "has_satellites_in_leo",
    "high_risk_sector",
    "hires_from_cleared_posts",
    "in_beijing",
    "in_shandong",
    "is_large_enterprise",
    "is_sme",
    "launches",
    "launches_abroad",
    "makes_launch_vehicles_or_energetics",
    "milestone_year_2",
    "milestone_year_5",
    "milestone_year_7",
    "moves_stages_or_dangerous_goods",
    "ngso_constellation",
    "novel_activity",
    "offers_direct_to_device",
    "operates_earth_stations",
    "operates_satellites",
    "plans_launch_or_recovery_site",
    "plans_special_on_orbit_operations",
    "publishes_maps_or_imagery",
    "recoverable_spacecraft",
    "reenters_atmosphere",
    "rendezvous_or_servicing",
    "reusable",
    "runs_hazardous_tests",
    "sea_launch",
    "sells_imagery_finer_than_10m",
    "sells_telecom_services",
    "shares_personal_or_important_data",
    "staff_over_100_or_dangerous_goods",
    "state_funded_rs_data",
    "transfers_data_abroad",
    "transfers_satellites_in_orbit",
    "transports_dangerous_goods",
    "unit_of_central_organ",
    "uses_certification",
    "uses_or_lends_shared_facility",
    "uses_radio",
    "uses_special_equipment",
    "uses_subcontractors",
]

DECIDED_ON = date(2026, 11, 20)

Facts = dict[str, FactValue]


@pytest.fixture(scope="module")
def catalogue(cnsa: Catalogue) -> Catalogue:
    return cnsa


@pytest.fixture(scope="module")
def conditions(catalogue: Catalogue) -> ConditionProgram:
    return ConditionProgram(catalogue)


def requirements(catalogue: Catalogue) -> list[Requirement]:
    return list(catalogue.requirements.values())


# --- rows, counts, measures -----------------------------------------------------------------------


def test_every_source_row_is_there_exactly_once(catalogue: Catalogue) -> None:
    assert len(SOURCE_ROWS) == 140
    found = Counter(requirement.source_row for requirement in requirements(catalogue))
    assert {"missing": sorted(set(SOURCE_ROWS) - set(found))} == {"missing": []}
    assert {"extra": sorted(set(found) - set(SOURCE_ROWS))} == {"extra": ADDED_ROWS}
    assert {row: count for row, count in found.items() if count > 1} == {}


def test_the_tracks_keep_their_counts(catalogue: Catalogue) -> None:
    rows = [r for r in requirements(catalogue) if r.source_row in SOURCE_ROWS]
    counts = Counter(requirement.track for requirement in rows)
    assert counts == {Track.DUTY: 81, Track.UPCOMING: 34, Track.OPPORTUNITY: 25}


def test_thirty_nine_requirements_are_blocking(catalogue: Catalogue) -> None:
    counts = Counter(
        requirement.track
        for requirement in requirements(catalogue)
        if requirement.severity is Severity.BLOCKING
    )
    assert counts == {Track.DUTY: 36, Track.UPCOMING: 3}


def test_every_measure_of_the_plan_has_requirements(catalogue: Catalogue) -> None:
    assert list(catalogue.measures) == list(range(1, 23))
    assert {requirement.measure for requirement in requirements(catalogue)} == set(
        catalogue.measures
    )
    assert {measure.section for measure in catalogue.measures.values()} == set(catalogue.sections)


def test_a_requirement_stands_under_the_measure_of_its_row(catalogue: Catalogue) -> None:
    for requirement in requirements(catalogue):
        row_measure = int(requirement.source_row[1:3])
        assert (requirement.measure, requirement.clause.measure) == (row_measure, row_measure)
        assert requirement.clause.sentences, requirement.id


def test_all_ninety_two_references_are_kept(catalogue: Catalogue) -> None:
    assert len(catalogue.references) == 92


def test_doubt_about_a_source_reaches_the_reader(catalogue: Catalogue) -> None:
    for requirement in requirements(catalogue):
        assert requirement.checked_on, requirement.id
        if requirement.key_fact_seen != "seen":
            assert requirement.verification_note is not None, requirement.id


def test_a_suggestion_of_our_own_is_called_one(catalogue: Catalogue) -> None:
    for requirement in requirements(catalogue):
        if isinstance(requirement.check, NumberCheck):
            basis = catalogue.parameters[requirement.check.parameter].basis
            if basis == "own_target":
                assert "our suggestion" in requirement.guidance.en, requirement.id


def test_titles_of_plan_sections_and_measures_are_in_both_languages(catalogue: Catalogue) -> None:
    titles = [catalogue.title]
    titles += [section.title for section in catalogue.sections.values()]
    titles += [measure.title for measure in catalogue.measures.values()]
    assert len(titles) == 28
    assert [title.en for title in titles if not title.zh_hans] == []


# --- evidence -------------------------------------------------------------------------------------


def test_every_evidence_kind_is_used(catalogue: Catalogue) -> None:
    used = {spec.kind for row in requirements(catalogue) for spec in row.evidence}
    assert used == set(catalogue.evidence_kinds)


def test_every_requirement_names_evidence(catalogue: Catalogue) -> None:
    assert [row.id for row in requirements(catalogue) if not row.evidence] == []


def test_a_blocking_duty_and_a_document_need_their_proof(catalogue: Catalogue) -> None:
    for row in requirements(catalogue):
        blocking_duty = row.track is Track.DUTY and row.severity is Severity.BLOCKING
        if blocking_duty or row.answer.kind == "document":
            assert any(spec.required for spec in row.evidence), row.id
        else:
            assert not any(spec.required for spec in row.evidence), row.id


# --- limits ---------------------------------------------------------------------------------------


def test_every_parameter_is_used(catalogue: Catalogue) -> None:
    used: set[str] = set()
    for row in requirements(catalogue):
        if isinstance(row.check, NumberCheck):
            used.add(row.check.parameter)
            if row.check.best_practice:
                used.add(row.check.best_practice.parameter)
    assert used == set(catalogue.parameters)


def test_a_limit_is_in_force_as_soon_as_its_requirement(catalogue: Catalogue) -> None:
    for row in requirements(catalogue):
        if isinstance(row.check, NumberCheck):
            plain = [
                value
                for value in catalogue.parameters[row.check.parameter].values
                if value.when is None
            ]
            begins = row.in_force.starts_on
            assert any(
                value.starts_on is None or (begins is not None and value.starts_on <= begins)
                for value in plain
            ), row.id


def test_limits_and_requirements_of_today_are_in_force_today(catalogue: Catalogue) -> None:
    assert [row.id for row in requirements(catalogue) if not row.in_force.holds(DECIDED_ON)] == []


# --- facts and flags ------------------------------------------------------------------------------


def test_no_flag_went_missing(catalogue: Catalogue) -> None:
    assert sorted(catalogue.flags) == sorted(FLAGS)
    assert len(FLAGS) == 62


def test_each_flag_can_become_true_false_and_unknown(
    catalogue: Catalogue, conditions: ConditionProgram
) -> None:
    for name, flag in catalogue.flags.items():
        assert reachable(catalogue, conditions, flag.when, {}) == {True, False, None}, name


def test_each_role_a_requirement_names_can_make_it_apply(
    catalogue: Catalogue, conditions: ConditionProgram
) -> None:
    """A role that is never asked a question its requirement waits for would silently lose it."""
    everybody = tuple(catalogue.roles)
    lost, gained = [], []
    for requirement in requirements(catalogue):
        condition = requirement.applies_when
        named = roles_named(condition) or everybody
        for role in everybody:
            answers: Facts = {"firm.roles": (role,)}
            reached = reachable(catalogue, conditions, condition, answers)
            if role in named and True not in reached:
                lost.append((requirement.source_row, role))
            if role not in named and reached != {False}:
                gained.append((requirement.source_row, role))
    assert (lost, gained) == ([], [])


def test_every_fact_is_used(catalogue: Catalogue) -> None:
    needed = {name for role in catalogue.roles for name in facts_needed(catalogue, role)}
    assert sorted(set(catalogue.facts) - needed) == []


def test_no_role_is_asked_for_nothing(catalogue: Catalogue, conditions: ConditionProgram) -> None:
    """A question reaches a role only if a requirement addressed to that role hangs on it."""
    in_vain = []
    for role in catalogue.roles:
        needed = facts_needed(catalogue, role)
        for fact in catalogue.facts.values():
            asked_when = fact.asked_when or ALWAYS
            given: Facts = {"firm.roles": (role,)}
            asked = True in reachable(catalogue, conditions, asked_when, given)
            if asked and fact.name not in needed:
                in_vain.append((role, fact.name))
    assert in_vain == []


def test_every_choice_decides_something(catalogue: Catalogue) -> None:
    """Apart from the places, where most provinces have no rule of their own yet."""
    tested: dict[str, set[str]] = {name: set() for name in catalogue.facts}
    for condition in all_conditions(catalogue):
        for test in fact_tests(condition):
            if isinstance(test.expected, tuple):
                tested[test.fact].update(test.expected)
            elif isinstance(test.expected, str):
                tested[test.fact].add(test.expected)
    idle = {
        f"{fact.name}={choice.id}"
        for fact in catalogue.facts.values()
        for choice in fact.choices
        if choice.id not in tested[fact.name] and fact.name != "firm.regions"
    }
    # These are the answers that rule others out.
    assert idle == {
        "mission.launch=none",
        "mission.launch_places=land_site",
        "mission.end_of_flight=stays",
    }


def test_some_twenty_five_questions_are_asked_in_groups(catalogue: Catalogue) -> None:
    assert len(catalogue.facts) <= 36
    assert {fact.group for fact in catalogue.facts.values()} == set(catalogue.groups)


def test_a_question_comes_after_the_questions_it_hangs_on(catalogue: Catalogue) -> None:
    order = list(catalogue.facts)
    for position, fact in enumerate(catalogue.facts.values()):
        if fact.asked_when is not None:
            for name in all_facts_in(catalogue, fact.asked_when):
                assert order.index(name) < position, f"{fact.name} hangs on {name}"


# --- how conditions are searched ------------------------------------------------------------------


def parts_of(condition: Condition) -> Iterator[Condition]:
    yield condition
    for name in ("parts", "part"):
        inner = getattr(condition, name, ())
        for part in inner if isinstance(inner, tuple) else (inner,):
            yield from parts_of(part)


def fact_tests(condition: Condition) -> list[FactTest]:
    return [part for part in parts_of(condition) if isinstance(part, FactTest)]


def all_facts_in(catalogue: Catalogue, condition: Condition) -> set[str]:
    """The facts a condition names itself or through its flags."""
    facts, flags = names_in(condition)
    for flag in flags:
        facts |= all_facts_in(catalogue, catalogue.flags[flag].when)
    return facts


def facts_needed(catalogue: Catalogue, role: str) -> set[str]:
    """The facts that decide about a requirement for this role, or about what else to ask it."""
    needed: set[str] = set()
    for row in requirements(catalogue):
        if role not in (roles_named(row.applies_when) or catalogue.roles):
            continue
        needed |= all_facts_in(catalogue, row.applies_when)
        for spec in row.evidence:
            if spec.covers:
                span = catalogue.dates[spec.covers]
                needed |= {name for name in (span.from_fact, span.until_fact) if name}
        if isinstance(row.check, NumberCheck):
            for value in catalogue.parameters[row.check.parameter].values:
                needed |= all_facts_in(catalogue, value.when or ALWAYS)
    waiting = set(needed)
    while waiting:
        asked_when = catalogue.facts[waiting.pop()].asked_when
        if asked_when is not None:
            more = all_facts_in(catalogue, asked_when) - needed
            needed |= more
            waiting |= more
    return needed


def all_conditions(catalogue: Catalogue) -> Iterator[Condition]:
    for row in requirements(catalogue):
        yield row.applies_when
    for flag in catalogue.flags.values():
        yield flag.when
    for fact in catalogue.facts.values():
        yield fact.asked_when or ALWAYS
    for parameter in catalogue.parameters.values():
        for value in parameter.values:
            yield value.when or ALWAYS


def roles_named(condition: Condition) -> tuple[str, ...]:
    """The roles of the requirement's own role test; none means everybody."""
    for test in fact_tests(condition):
        if test.fact == "firm.roles":
            assert isinstance(test.expected, tuple)
            return test.expected
    return ()


def relevant_facts(catalogue: Catalogue, condition: Condition) -> list[str]:
    """Every fact that can change the condition, those that decide what is asked included."""
    found: set[str] = set()
    waiting = all_facts_in(catalogue, condition)
    while waiting:
        name = waiting.pop()
        found.add(name)
        asked_when = catalogue.facts[name].asked_when
        if asked_when is not None:
            waiting |= all_facts_in(catalogue, asked_when) - found
    return [name for name in catalogue.facts if name in found]


def telling_values(catalogue: Catalogue, fact: Fact) -> list[FactValue | None]:
    """Unknown, and a value on either side of every test on the fact."""
    values: list[FactValue | None] = [None]
    match fact.kind:
        case FactKind.YES_NO:
            values += [True, False]
        case FactKind.ONE:
            values += [choice.id for choice in fact.choices]
        case FactKind.SEVERAL if fact.name == "firm.regions":
            values += [("elsewhere",), ("beijing",), ("shandong",)]
        case FactKind.SEVERAL:
            values += [(), *((choice.id,) for choice in fact.choices)]
        case FactKind.NUMBER:
            limits = {
                test.expected
                for condition in all_conditions(catalogue)
                for test in fact_tests(condition)
                if test.fact == fact.name and isinstance(test.expected, Decimal)
            }
            values += sorted({limit + step for limit in limits for step in (-1, 0, 1)})
        case FactKind.DATE:
            values += [DECIDED_ON]
    return values


def reachable(
    catalogue: Catalogue,
    conditions: ConditionProgram,
    condition: Condition,
    given: Mapping[str, FactValue],
) -> set[bool | None]:
    """Every truth the condition can take, whatever is answered beside the given facts."""
    answering = conditions.compile(condition)
    found: set[bool | None] = set()
    names = [name for name in relevant_facts(catalogue, condition) if name not in given]
    choices = [telling_values(catalogue, catalogue.facts[name]) for name in names]
    for values in itertools.islice(itertools.product(*choices), 60_000):
        known = {
            name: value for name, value in zip(names, values, strict=True) if value is not None
        }
        found.add(answering(conditions.state({**known, **given})))
        if len(found) == 3:
            break
    return found
