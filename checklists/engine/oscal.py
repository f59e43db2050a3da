"""The catalogue as an OSCAL catalog (JSON): groups, controls, parameters, parts, sources.

What OSCAL has a place for stands there; the rest stands in properties of our namespace. English
is the prose; the Chinese of a text is a part `translation` of its part, or a property of class
zh-Hans.
Every uuid is made from the content, so that the same edition gives the same file.
"""

import re
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from checklists.engine import clauses
from checklists.engine.conditions import ALWAYS
from checklists.engine.model import (
    Catalogue,
    Comparator,
    ControlParameter,
    DateCheck,
    Measure,
    NumberCheck,
    Reference,
    Requirement,
    Section,
    Text,
)
from checklists.engine.units import plain

Json = dict[str, Any]

OSCAL_VERSION = "1.1.3"
NAMESPACE = "urn:tianheng:oscal"
CHINESE = "zh-Hans"
_UUIDS = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_ADDRESS = re.compile(r"https?://[!-~]+")


def stable_uuid(*words: str) -> str:
    """The same uuid for the same words, on every machine."""
    return str(uuid.uuid5(_UUIDS, "\n".join(words)))


def oscal_catalog(catalogue: Catalogue) -> Json:
    """The whole catalogue as one OSCAL document."""
    return {"catalog": _Writer(catalogue).catalog()}


def _prop(name: str, value: object, *, kind: str | None = None) -> Json:
    """A property of ours; OSCAL takes one line without blanks around it."""
    prop = {"name": name, "ns": NAMESPACE, "value": " ".join(str(value).split())}
    return prop | ({"class": kind} if kind else {})


def _props(**values: object) -> list[Json]:
    """Properties by name, without those that have no value."""
    return [
        _prop(name.replace("_", "-"), value)
        for name, value in values.items()
        if value is not None and str(value).strip()
    ]


def _title_props(text: Text) -> list[Json]:
    return [_prop("title", text.zh_hans, kind=CHINESE)] if text.zh_hans else []


def _part(name: str, text: Text, *, ours: bool = True, **more: Any) -> Json:
    part: Json = {"name": name, **({"ns": NAMESPACE} if ours else {}), **more, "prose": text.en}
    if text.zh_hans:
        part["parts"] = [
            {
                "name": "translation",
                "ns": NAMESPACE,
                "props": [_prop("lang", CHINESE)],
                "prose": text.zh_hans,
            }
        ]
    return part


def _one_line(text: Text) -> str:
    return " ".join(text.en.split())


class _Writer:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.is_framework = any(r.control for r in catalogue.requirements.values())
        self.params = {
            name: self._params_of(requirement)
            for name, requirement in catalogue.requirements.items()
        }
        used = Counter(param["id"] for params in self.params.values() for param in params)
        self.shared = {name for name, count in used.items() if count > 1}
        self.children: dict[str, list[Requirement]] = {}
        known = {self.control_id(r): r for r in catalogue.requirements.values()}
        self.roots: dict[int, list[Requirement]] = {}
        for requirement in catalogue.requirements.values():
            parent = requirement.control.parent if requirement.control else None
            if parent in known and parent is not None:
                self.children.setdefault(parent, []).append(requirement)
            else:
                self.roots.setdefault(requirement.measure, []).append(requirement)

    def catalog(self) -> Json:
        catalogue = self.catalogue
        checked = max((r.checked_on for r in catalogue.requirements.values()), default=None)
        day = checked.isoformat() if checked else "2000-01-01"
        groups, controls = self._groups()
        shared = {
            param["id"]: param
            for params in self.params.values()
            for param in params
            if param["id"] in self.shared
        }
        resources = [self._resource(reference) for reference in catalogue.references.values()]
        return _filled(
            {
                "uuid": stable_uuid("catalog", catalogue.id, catalogue.edition, catalogue.digest),
                "metadata": {
                    "title": _one_line(catalogue.title),
                    "last-modified": f"{day}T00:00:00Z",
                    "version": catalogue.edition,
                    "oscal-version": OSCAL_VERSION,
                    "props": [
                        *_props(catalogue_id=catalogue.id, digest=catalogue.digest),
                        *_title_props(catalogue.title),
                        *(
                            _prop("topic", name) | {"remarks": text.en}
                            for name, text in catalogue.topics.items()
                        ),
                        *(
                            _prop("topic", name, kind=CHINESE) | {"remarks": text.zh_hans}
                            for name, text in catalogue.topics.items()
                            if text.zh_hans
                        ),
                    ],
                    "remarks": catalogue.notice.en,
                },
                "params": list(shared.values()),
                "controls": controls,
                "groups": groups,
                "back-matter": _filled({"resources": resources}),
            }
        )

    # Groups --------------------------------------------------------------------------------------

    def _groups(self) -> tuple[list[Json], list[Json]]:
        """The groups, and the controls that stand in none."""
        groups: list[Json] = []
        controls: list[Json] = []
        for section in self.catalogue.sections.values():
            measures = [m for m in self.catalogue.measures.values() if m.section == section.id]
            if self.is_framework and section.group_id is None:
                for measure in measures:
                    if measure.group_id is None:
                        controls += self._controls(measure)
                    else:
                        groups.append(self._measure(measure))
            else:
                groups.append(self._section(section, measures))
        return groups, controls

    def _section(self, section: Section, measures: Sequence[Measure]) -> Json:
        own = [m for m in measures if m.group_id is not None and m.group_id == section.group_id]
        return _filled(
            {
                "id": section.group_id or f"section-{section.id.lower()}",
                "class": "section",
                "title": _one_line(section.title),
                "props": [
                    *_props(number=section.id, title_origin=section.title_origin),
                    *_title_props(section.title),
                ],
                "groups": [self._measure(measure) for measure in measures if measure not in own],
                "controls": [control for measure in own for control in self._controls(measure)],
            }
        )

    def _measure(self, measure: Measure) -> Json:
        return _filled(
            {
                "id": measure.group_id or f"measure-{measure.number:02}",
                "class": "measure",
                "title": _one_line(measure.title),
                "props": [
                    *_props(
                        number=measure.number,
                        title_origin=measure.title_origin,
                        duty_in_plan=measure.duty_in_plan,
                        addressed_to=" ".join(measure.addressed_to),
                    ),
                    *_title_props(measure.title),
                ],
                "parts": [_part("note", measure.note)],
                "controls": self._controls(measure),
            }
        )

    # Controls ------------------------------------------------------------------------------------

    @staticmethod
    def control_id(requirement: Requirement) -> str:
        return requirement.control.id if requirement.control else requirement.id

    def _controls(self, measure: Measure) -> list[Json]:
        return [self._control(requirement) for requirement in self.roots.get(measure.number, ())]

    def _control(self, requirement: Requirement) -> Json:
        name = self.control_id(requirement)
        period = requirement.in_force
        return _filled(
            {
                "id": name,
                "class": "requirement",
                "title": _one_line(requirement.title),
                "params": [p for p in self.params[requirement.id] if p["id"] not in self.shared],
                "props": [
                    {"name": "label", "value": requirement.source_row},
                    *_title_props(requirement.title),
                    *_props(
                        requirement_id=requirement.id,
                        track=requirement.track,
                        topic=requirement.topic,
                        severity=requirement.severity,
                        answer=requirement.answer.kind,
                        in_force_from=period.starts_on,
                        in_force_until=period.ends_on,
                        sentences=" ".join(map(str, requirement.clause.sentences)),
                        confidence=requirement.confidence,
                        sources_verified=requirement.sources_verified,
                        key_fact_seen=requirement.key_fact_seen,
                        checked_on=requirement.checked_on,
                    ),
                ],
                "links": [
                    {
                        "href": f"#{self._resource_uuid(citation.reference)}",
                        "rel": "reference",
                        **({"resource-fragment": citation.article.en} if citation.article else {}),
                        **({"text": citation.covers.en} if citation.covers else {}),
                    }
                    for citation in requirement.references
                ],
                "parts": list(self._parts(requirement, name)),
                "controls": [self._control(child) for child in self.children.get(name, ())],
            }
        )

    def _parts(self, requirement: Requirement, name: str) -> Iterator[Json]:
        # Ours states its question; a control from elsewhere what it came with.
        if requirement.control is None or requirement.control.id == requirement.id:
            yield _part("statement", requirement.question, ours=False, id=f"{name}_smt")
            yield _part("guidance", requirement.guidance, ours=False, id=f"{name}_gdn")
        else:
            yield _part("statement", requirement.guidance, ours=False, id=f"{name}_smt")
            yield _part("question", requirement.question, id=f"{name}_qst")
        yield _part("rationale", requirement.rationale, id=f"{name}_rtn")
        if requirement.applies_when != ALWAYS:
            words = clauses.condition_in_words(self.catalogue, requirement.applies_when)
            yield _part("applies-when", words, id=f"{name}_app")
        yield from self._answer_parts(requirement, name)
        for number, spec in enumerate(requirement.evidence, start=1):
            yield _part(
                "evidence",
                self.catalogue.evidence_kinds[spec.kind],
                id=f"{name}_evd.{number}",
                props=_props(kind=spec.kind, required=_word(spec.required), covers=spec.covers),
            )
        action = requirement.corrective_action
        yield _part(
            "corrective-action", action.text, id=f"{name}_act", props=_props(due=action.due)
        )
        if requirement.verification_note is not None:
            yield _part("verification-note", requirement.verification_note, id=f"{name}_vfy")

    def _answer_parts(self, requirement: Requirement, name: str) -> Iterator[Json]:
        answer, check = requirement.answer, requirement.check
        for number, option in enumerate(answer.options, start=1):
            yield _part(
                "option",
                option.label,
                id=f"{name}_opt.{number}",
                props=_props(option_id=option.id, outcome=option.outcome),
            )
        if isinstance(check, DateCheck):
            words = clauses.date_check_in_words(self.catalogue, check)
            props = _props(comparator=check.comparator, fact=check.fact or "as_of")
            yield _part("limit", words, id=f"{name}_lim", props=props)
        elif isinstance(check, NumberCheck):
            limits = [("limit", "lim", check.comparator, check.parameter)]
            if check.best_practice is not None:
                best = check.best_practice
                limits.append(("best-practice", "bst", best.comparator, best.parameter))
            for part, suffix, comparator, parameter in limits:
                yield self._limit(part, f"{name}_{suffix}", comparator, parameter)

    def _limit(self, part: str, part_id: str, comparator: Comparator, parameter: str) -> Json:
        unit = self.catalogue.parameters[parameter].unit
        said = f"{comparator.replace('_', ' ')} {{{{ insert: param, {parameter} }}}} {unit}"
        props = _props(comparator=comparator, parameter=parameter, unit=unit)
        return {"id": part_id, "name": part, "ns": NAMESPACE, "props": props, "prose": said}

    # Parameters and sources ----------------------------------------------------------------------

    def _params_of(self, requirement: Requirement) -> list[Json]:
        if requirement.control is not None:
            return [_outside_param(one) for one in requirement.control.parameters]
        check = requirement.check
        if not isinstance(check, NumberCheck):
            return []
        best = check.best_practice
        return [self._param(name) for name in (check.parameter, best and best.parameter) if name]

    def _param(self, name: str) -> Json:
        parameter = self.catalogue.parameters[name]
        words = clauses.values_in_words(self.catalogue, parameter)
        return {
            "id": name,
            "props": [
                *_props(unit=parameter.unit, basis=parameter.basis),
                *_title_props(parameter.title),
            ],
            "label": _one_line(parameter.title),
            "values": list(dict.fromkeys(plain(value.value) for value in parameter.values)),
            "guidelines": [{"prose": text} for text in (words.en, words.zh_hans) if text],
        }

    def _resource_uuid(self, reference: str) -> str:
        return stable_uuid("reference", self.catalogue.id, reference)

    def _resource(self, reference: Reference) -> Json:
        number = reference.number or Text("", "")
        parts = (reference.issuer.en, reference.name.en, number.en, reference.date)
        address = _ADDRESS.fullmatch(reference.url)
        return _filled(
            {
                "uuid": self._resource_uuid(reference.id),
                "title": _one_line(reference.name),
                "props": [
                    *_props(
                        reference_id=reference.id,
                        number=number.en,
                        date=reference.date,
                        in_force=reference.in_force,
                        status=reference.status,
                        binding=reference.binding,
                        verified=_word(reference.verified),
                        confidence=reference.confidence,
                        issuer=reference.issuer.en,
                    ),
                    *_title_props(reference.name),
                    *([_prop("number", number.zh_hans, kind=CHINESE)] if number.zh_hans else []),
                ],
                "citation": {"text": ", ".join(part for part in parts if part)},
                "rlinks": [{"href": reference.url}] if address else [],
            }
        )


def _outside_param(one: ControlParameter) -> Json:
    return _filled(
        {
            "id": one.id,
            "props": _title_props(one.label),
            "label": _one_line(one.label),
            "values": list(one.values),
        }
    )


def _word(value: bool) -> str:
    return "true" if value else "false"


def _filled(form: Json) -> Json:
    """OSCAL has no empty lists: without what holds nothing."""
    return {key: value for key, value in form.items() if value not in ([], {}, "", None)}
