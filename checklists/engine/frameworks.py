"""An OSCAL catalog (JSON) from elsewhere → the files of a catalogue that can be assessed here.

Controls become requirements answered with yes, partly or no; groups become measures; a control's
parts are its guidance, with the parameters shown in their place. What our own export adds in
properties of its namespace (severity, track, Chinese texts …) is read back.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from checklists.engine.model import Severity, Text, Track
from checklists.engine.oscal import CHINESE, NAMESPACE
from checklists.engine.oscal_file import (
    DAY,
    MAX_DEPTH,
    Json,
    OscalFile,
    Path,
    address_of,
    both,
    cleaned,
    inserted,
    text_of,
)
from checklists.engine.schema import LONGEST_TEXT
from checklists.engine.writing import to_yaml

MAX_CONTROLS = 2900  # a folder holds 3,000 files
LONGEST_ID = 40
_OURS = re.compile(r"[a-z][a-z0-9_]*\.(?:m[0-9]{2}|c)\.[a-z][a-z0-9_]*")
_ROW = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._()/-]{0,39}")
_DUE = re.compile(r"[a-z0-9_]{1,60}")
_FIRST_LINE = re.compile(rb"\A# yaml-language-server[^\n]*\n")
SOURCE = "SOURCE"
_TRACKS = {
    Track.DUTY: (
        Text("Required by the framework", "框架要求"),
        Text("The framework asks for it.", "框架要求落实。"),
    ),
    Track.UPCOMING: (
        Text("Upcoming", "即将实施"),
        Text("Announced, or recommended by the framework.", "框架已预告或予以推荐。"),
    ),
    Track.OPPORTUNITY: (
        Text("Opportunity", "支持机会"),
        Text(
            "It may be claimed. It is counted and listed, not scored.",
            "可争取的支持，只计数不计分。",
        ),
    ),
}
_EVIDENCE = {
    "policy": Text("Policy or plan", "制度或方案"),
    "procedure": Text("Procedure", "程序文件"),
    "record": Text("Record", "记录"),
    "other_document": Text("Other document", "其他文件"),
}
_ACTION = Text(
    "Put the control in place and keep a record that shows it.",
    "落实该控制项，并保留可证明的记录。",
)


@dataclass(frozen=True, slots=True)
class Framework:
    """The files of an imported framework, and what a person should know about the import."""

    id: str
    title: str
    edition: str
    sources: Mapping[str, bytes]
    controls: int
    withdrawn: tuple[str, ...]  # left out: their publisher has withdrawn them
    shortened: tuple[str, ...]  # their text was longer than a text can be


def framework_from_oscal(
    form: Any,
    *,
    name: str,
    scoring: bytes,
    severities: Mapping[Severity, Text],
    catalogue_id: str | None = None,
) -> Framework:
    """The files of the framework; CatalogueError where the form is not an OSCAL catalog."""
    return _Reader(OscalFile(form, name), severities, catalogue_id).framework(scoring)


def slug(words: str, longest: int) -> str:
    """The words as an id of ours: small letters, digits and underscores."""
    found = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:longest].strip("_")
    return found if found and found[0].isalpha() else f"c_{found}".rstrip("_")


@dataclass(slots=True)
class _Group:
    """A measure to be: a group that holds controls itself."""

    number: int
    section: str
    title: Text
    group_id: str | None
    note: Text
    topic: str
    extras: Json = field(default_factory=dict)


class _Reader:
    """Collects sections, measures and requirements from the file."""

    def __init__(
        self, file: OscalFile, severities: Mapping[Severity, Text], catalogue_id: str | None
    ) -> None:
        self.file = file
        self.severities = severities
        stated = file.ours(file.metadata, "catalogue-id")
        self.id = catalogue_id or slug(stated or file.title.en, LONGEST_ID)
        self.sections: list[Json] = []
        self.groups: list[_Group] = []
        self.requirements: dict[str, Json] = {}  # by control id
        self.folders: dict[str, str] = {}
        self.ids: set[str] = set()
        self.rows: set[str] = set()
        self.topics: dict[str, Text] = {}
        self.kinds = dict(_EVIDENCE)
        self.cited: set[str] = set()
        self.withdrawn: list[str] = []

    # Groups and controls -------------------------------------------------------------------------

    def framework(self, scoring: bytes) -> Framework:
        """Everything read and written as the files of a catalogue."""
        top = list(self.file.objects(self.file.catalog, "groups", ("catalog",)))
        is_nested = any(True for at, group in top for _ in self.file.objects(group, "groups", at))
        plain_section = ""
        for here, group in top:
            if is_nested:
                section = self._section(group, here)
            else:
                section = plain_section = plain_section or self._section(None, here)
            self._group(group, here, section, parents=(), depth=1)
        loose = list(self.file.objects(self.file.catalog, "controls", ("catalog",)))
        if loose:
            section = plain_section or self._section(None, ("catalog",))
            self._measure(None, ("catalog",), section, (), loose)
        if not self.requirements:
            self.file.refuse(("catalog",), "The catalog holds no control that is in use.")
        return Framework(
            id=self.id,
            title=self.file.title.en,
            edition=self._edition(),
            sources=self._sources(scoring),
            controls=len(self.requirements),
            withdrawn=tuple(self.withdrawn),
            shortened=tuple(self.file.shortened),
        )

    def _section(self, group: Json | None, path: Path) -> str:
        """A section for a group of groups; without one, the section for everything."""
        number = len(self.sections)
        if number >= 26 * 27:
            self.file.refuse(path, "The catalog has too many groups of groups.", "Split it.")
        letter = chr(65 + number) if number < 26 else chr(64 + number // 26) + chr(65 + number % 26)
        section: Json = {"id": letter, "title": both(self.file.title), "title_origin": "original"}
        if group is not None:
            section["title"] = both(self.file.title_of(group, path))
            origin = self.file.ours(group, "title-origin")
            if origin in ("original", "reported", "body_only", "draft"):
                section["title_origin"] = origin
            if isinstance(group.get("id"), str) and cleaned(group["id"]):
                section["group_id"] = cleaned(group["id"])[:200]
        self.sections.append(section)
        return letter

    def _group(
        self, group: Json, path: Path, section: str, parents: tuple[Text, ...], depth: int
    ) -> None:
        if depth > MAX_DEPTH:
            self.file.refuse(
                path, f"The groups are nested more than {MAX_DEPTH} deep.", "Flatten them."
            )
        title = self.file.title_of(group, path)
        controls = list(self.file.objects(group, "controls", path))
        if controls:
            self._measure(group, path, section, parents, controls)
        # The section bears the title of the outermost group already.
        inner = (*parents, title) if depth > 1 else ()
        for here, child in self.file.objects(group, "groups", path):
            self._group(child, here, section, inner, depth + 1)

    def _measure(
        self,
        group: Json | None,
        path: Path,
        section: str,
        parents: tuple[Text, ...],
        controls: Sequence[tuple[Path, Json]],
    ) -> None:
        title, note, group_id, extras = self.file.title, Text(self.file.title.en), None, Json()
        number = len(self.groups) + 1
        if group is not None:
            own = self.file.title_of(group, path)
            title = _joined((*parents, own))
            note = self.file.prose_of(group, path, "note") or title
            if isinstance(group.get("id"), str) and cleaned(group["id"]):
                group_id = cleaned(group["id"])[:200]
            extras = self._measure_extras(group)
            stated = self.file.ours(group, "number")
            if stated.isascii() and stated.isdigit() and 0 < int(stated[:4]) < 1000:
                number = int(stated[:4])
        if any(measure.number == number for measure in self.groups):
            number = max(measure.number for measure in self.groups) + 1
        if number > 999:
            self.file.refuse(path, "The catalog has more than 999 groups.", "Split it.")
        topic = self._topic(title)
        measure = _Group(number, section, title, group_id, note, topic, extras)
        before = len(self.requirements)
        self.groups.append(measure)
        for here, control in controls:
            self._control(control, here, measure, None, 1)
        if len(self.requirements) == before:  # all of them were withdrawn
            self.groups.pop()

    def _measure_extras(self, group: Json) -> Json:
        extras: Json = {}
        if (origin := self.file.ours(group, "title-origin")) in (
            "original", "reported", "body_only", "draft",
        ):  # fmt: skip
            extras["title_origin"] = origin
        if (duty := self.file.ours(group, "duty-in-plan")) in (
            "none", "indirect", "announced", "direct",
        ):  # fmt: skip
            extras["duty_in_plan"] = duty
        if addressed := [slug(one, 60) for one in self.file.ours(group, "addressed-to").split()]:
            extras["addressed_to"] = addressed
        return extras

    def _topic(self, title: Text) -> str:
        name = base = slug(title.en, 60)
        number = 1
        while name in self.topics and self.topics[name] != title:
            number += 1
            name = f"{base}_{number}"
        self.topics[name] = title
        return name

    def _control(
        self, control: Json, path: Path, measure: _Group, parent: str | None, depth: int
    ) -> None:
        if depth > MAX_DEPTH:
            self.file.refuse(path, f"The controls are nested more than {MAX_DEPTH} deep.")
        name = self.file.string(control, "id", path)
        title = self.file.title_of(control, path)
        if self.file.theirs(control, "status").lower() == "withdrawn":
            self.withdrawn.append(name)
        else:
            if name in self.requirements:
                self.file.refuse(
                    (*path, "id"), f"The control {name[:60]} is there twice.", "Rename one."
                )
            if len(self.requirements) >= MAX_CONTROLS:
                self.file.refuse(
                    path, f"The catalog holds more than {MAX_CONTROLS} controls.", "Split it."
                )
            self.requirements[name] = self._requirement(control, path, name, title, measure, parent)
        for here, child in self.file.objects(control, "controls", path):
            self._control(child, here, measure, name, depth + 1)

    def _requirement(
        self,
        control: Json,
        path: Path,
        name: str,
        title: Text,
        measure: _Group,
        parent: str | None,
    ) -> Json:
        row = self._row(control, name)
        is_ours = bool(self.file.ours(control, "requirement-id"))
        identifier = self._identifier(name, measure)
        self.folders[name] = f"m{measure.number:02}_{slug(measure.title.en, 40)}"
        used: list[str] = []
        for _, part in self.file.objects(control, "parts", path):
            used += inserted(part)
        question = self.file.prose_of(control, path, "question")
        if is_ours and question is None:
            question = self.file.prose_of(control, path, "statement")
            guidance = self.file.prose_of(control, path, "guidance")
        else:
            guidance = self.file.guidance(control, path, name)
        severity = self.file.ours(control, "severity")
        track = self.file.ours(control, "track")
        if severity not in tuple(Severity) or track not in tuple(Track):
            severity, track = Severity.MAJOR, Track.DUTY
        if severity == Severity.OPPORTUNITY:
            track = Track.OPPORTUNITY
        parameters = self.file.parameters_of(control, used, path)
        action, due = self.file.prose_of(control, path, "corrective-action"), "before_review"
        for _, part in self.file.objects(control, "parts", path):
            if part.get("name") == "corrective-action" and part.get("ns") == NAMESPACE:
                stated = self.file.ours(part, "due")
                due = stated if _DUE.fullmatch(stated) else due
        period = {
            key: date.fromisoformat(found[1])
            for key, stated in (("from", "in-force-from"), ("until", "in-force-until"))
            if (found := DAY.fullmatch(self.file.ours(control, stated)))
        }
        note = self.file.prose_of(control, path, "verification-note")
        sentences = [
            int(one) for one in self.file.ours(control, "sentences").split() if one.isdigit()
        ]
        return {
            "id": identifier,
            "source_row": row,
            "title": both(title),
            "question": both(question or _question(row, title)),
            "guidance": both(guidance or title),
            "rationale": both(self.file.prose_of(control, path, "rationale") or self._why(row)),
            "track": str(track),
            "topic": self._topic_of(control) or measure.topic,
            "severity": str(severity),
            **({"in_force": period} if period else {}),
            "answer": {"kind": "yes_partly_no", "not_applicable": "with_reason"},
            "evidence": self._evidence(control, path),
            "corrective_action": {"due": due, **both(action or _ACTION)},
            "clause": {
                "measure": measure.number,
                **({"sentence": sentences} if sentences else {}),
            },
            "references": self._citations(control, path),
            "confidence": self._one_of(control, "confidence", ("high", "medium", "low")),
            "sources_verified": self._one_of(control, "sources-verified", ("all", "some", "none")),
            "key_fact_seen": self._one_of(control, "key-fact-seen", ("seen", "partly", "not_seen")),
            **({"verification_note": both(note)} if note else {}),
            "checked_on": date.fromisoformat(self._checked_on(control)),
            "control": {
                "id": name[:200],
                **({"parent": parent[:200]} if parent else {}),
                **({"parameters": parameters} if parameters else {}),
            },
        }

    def _one_of(self, control: Json, name: str, words: tuple[str, ...]) -> str:
        """A word of ours; the first where the file says nothing: its text is its own source."""
        found = self.file.ours(control, name)
        return found if found in words else words[0]

    def _checked_on(self, control: Json) -> str:
        found = DAY.fullmatch(self.file.ours(control, "checked-on"))
        try:
            return date.fromisoformat(found[1]).isoformat() if found else self.file.changed_on
        except ValueError:
            return self.file.changed_on

    def _row(self, control: Json, name: str) -> str:
        """The number people know the control by."""
        labels = [self.file.theirs(control, "label"), name, slug(name, 36)]
        labels.append(f"{labels[-1][:30]}_{len(self.rows)}")
        row = next(label for label in labels if _ROW.fullmatch(label) and label not in self.rows)
        self.rows.add(row)
        return row

    def _identifier(self, name: str, measure: _Group) -> str:
        """An id that stays when the control moves to another group."""
        if _OURS.fullmatch(name) and len(name) <= 120 and name not in self.ids:
            place = name.split(".")[1]
            if place in ("c", f"m{measure.number:02}"):
                self.ids.add(name)
                return name
        base = slug(name, 60)
        found, number = f"{self.id}.c.{base}", 1
        while found in self.ids:
            number += 1
            found = f"{self.id}.c.{base}_{number}"
        self.ids.add(found)
        return found

    def _why(self, row: str) -> Text:
        title = self.file.title
        return Text(
            f"{title.en} asks for it ({row}).",
            f"《{title.get('zh-hans')}》提出此项要求（{row}）。",
        )

    def _topic_of(self, control: Json) -> str:
        """The topic our own export names; the words stand in the metadata."""
        name = self.file.ours(control, "topic")
        props = self.file.metadata.get("props")
        if (
            not name
            or not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name)
            or not isinstance(props, list)
        ):
            return ""
        said = {
            prop.get("class"): prop.get("remarks")
            for prop in props
            if isinstance(prop, dict)
            and (prop.get("ns"), prop.get("name"), prop.get("value")) == (NAMESPACE, "topic", name)
        }
        english, chinese = said.get(None), said.get(CHINESE)
        if not isinstance(english, str) or not cleaned(english):
            return ""
        self.topics[name] = text_of(
            cleaned(english), cleaned(chinese) if isinstance(chinese, str) else ""
        )
        return name

    def _evidence(self, control: Json, path: Path) -> list[Json]:
        specs: dict[str, Json] = {}
        for here, part in self.file.objects(control, "parts", path):
            kind = self.file.ours(part, "kind")
            if part.get("name") != "evidence" or part.get("ns") != NAMESPACE or not kind:
                continue
            kind = slug(kind, 100)
            self.kinds[kind] = self.file.prose(part, here) or Text(kind)
            specs[kind] = {"kind": kind, "required": self.file.ours(part, "required") == "true"}
        if not specs and not self.file.ours(control, "requirement-id"):
            specs = {kind: {"kind": kind, "required": False} for kind in _EVIDENCE}
        return list(specs.values())

    # Sources -------------------------------------------------------------------------------------

    def _reference_id(self, name: str) -> str:
        stated = self.file.ours(self.file.resources[name], "reference-id") or name
        return re.sub(r"[^A-Z0-9-]+", "-", stated.upper()).strip("-")[:60] or SOURCE

    def _citations(self, control: Json, path: Path) -> list[Json]:
        cited: dict[str, Json] = {}
        for _, link in self.file.objects(control, "links", path):
            href = link.get("href")
            name = href[1:].lower() if isinstance(href, str) and href.startswith("#") else ""
            if link.get("rel") != "reference" or name not in self.file.resources:
                continue
            self.cited.add(name)
            citation: Json = {"id": self._reference_id(name)}
            for key, stated in (
                ("article", link.get("resource-fragment")),
                ("covers", link.get("text")),
            ):
                if isinstance(stated, str) and cleaned(stated):
                    citation[key] = cleaned(stated)[:LONGEST_TEXT]
            cited.setdefault(citation["id"], citation)
        if self.file.ours(control, "requirement-id") and cited:
            return list(cited.values())
        return [{"id": SOURCE}, *cited.values()]

    def _references(self) -> Json:
        found: Json = {}
        for name in sorted(self.cited):
            resource = self.file.resources[name]
            citation = resource.get("citation")
            stated = citation.get("text") if isinstance(citation, dict) else None
            title = next(
                (
                    cleaned(t)
                    for t in (resource.get("title"), stated)
                    if isinstance(t, str) and cleaned(t)
                ),
                name,
            )
            chinese = self.file.ours(resource, "title", CHINESE)
            confidence = self.file.ours(resource, "confidence")
            found[self._reference_id(name)] = {
                "name": both(text_of(title[:LONGEST_TEXT], chinese)),
                "issuer": self.file.ours(resource, "issuer") or "—",
                "number": self._number(resource),
                "date": self.file.ours(resource, "date"),
                "in_force": self.file.ours(resource, "in-force"),
                "status": self.file.ours(resource, "status") or "in_force",
                "binding": "source",
                "url": address_of(resource),
                "verified": self.file.ours(resource, "verified") == "true",
                "confidence": confidence if confidence in ("high", "medium", "low") else "medium",
            }
        if any(one["id"] == SOURCE for r in self.requirements.values() for one in r["references"]):
            found[SOURCE] = {
                "name": both(self.file.title),
                "issuer": self._issuer(),
                "number": self.file.version[:100],
                "date": self.file.changed_on,
                "in_force": "",
                "status": "in_force",
                "binding": "framework",
                "url": "",
                "verified": True,
                "confidence": "high",
            }
        return found

    def _number(self, resource: Json) -> Json | str:
        """The number of a document, in both languages where our own export has both."""
        stated = self.file.ours(resource, "number"), self.file.ours(resource, "number", CHINESE)
        number = text_of(*stated)
        return both(number) if number.zh_hans else number.en

    def _issuer(self) -> str:
        """The party that published the catalog."""
        for _, party in self.file.objects(self.file.metadata, "parties", ("catalog", "metadata")):
            if isinstance(party.get("name"), str) and cleaned(party["name"]):
                return cleaned(party["name"])[:500]
        return "—"

    # Files ---------------------------------------------------------------------------------------

    def _edition(self) -> str:
        found = re.sub(r"[^0-9A-Za-z.-]+", "-", self.file.version).strip("-.")[:30].strip("-.")
        return found or self.file.changed_on

    def _sources(self, scoring: bytes) -> dict[str, bytes]:
        forms: Json = {
            "facts.yaml": {"groups": [], "facts": []},
            "parameters.yaml": {},
            "references.yaml": self._references(),
        }
        for name, requirement in self.requirements.items():
            last = requirement["id"].split(".")[2]
            forms[f"{self.folders[name]}/{last}.yaml"] = requirement
        forms["catalogue.yaml"] = self._words(forms)
        scoring = _FIRST_LINE.sub(b"", scoring)  # it points to a schema that is not there
        return {"scoring.yaml": scoring, **{name: to_yaml(form) for name, form in forms.items()}}

    def _notice(self) -> Text:
        title, version = self.file.title, self.file.version
        return Text(
            f"Imported from {title.en}, version {version}. The text is its publisher's: check it "
            "there before you rely on it.",
            f"导入自《{title.get('zh-hans')}》（{version}版）。文本归其发布机构所有，引用前请核对原文。",
        )

    def _words(self, forms: Json) -> Json:
        used = {requirement["topic"] for requirement in self.requirements.values()}
        kinds = {spec["kind"] for r in self.requirements.values() for spec in r["evidence"]}
        measured = {measure.section for measure in self.groups}
        words: Json = {
            "id": self.id,
            "edition": self._edition(),
            "title": both(self.file.title),
            "checked_up_to": both(Text(self.file.changed_on, self.file.changed_on)),
            "notice": both(self._notice()),
            "sections": [section for section in self.sections if section["id"] in measured],
            "measures": [
                {
                    "number": measure.number,
                    "section": measure.section,
                    "title": both(measure.title),
                    "title_origin": "original",
                    "addressed_to": ["firms"],
                    "duty_in_plan": "none",
                    **measure.extras,
                    "note": both(measure.note),
                    **({"group_id": measure.group_id} if measure.group_id else {}),
                }
                for measure in self.groups
            ],
            "tracks": {
                str(track): {"title": both(title), "meaning": both(meaning)}
                for track, (title, meaning) in _TRACKS.items()
            },
            "topics": {name: both(text) for name, text in self.topics.items() if name in used},
            "severities": {str(name): both(text) for name, text in self.severities.items()},
            "roles": {},
            "evidence_kinds": {n: both(text) for n, text in self.kinds.items() if n in kinds},
            "legal_force": {
                "framework": {"title": {"en": "Framework", "zh_hans": "框架文件"}, "binds": False},
                "source": {"title": {"en": "Source", "zh_hans": "依据"}, "binds": False},
            },
            "threshold_basis": {},
        }
        is_bilingual = not any(_lacks_chinese(form) for form in (words, *forms.values()))
        return {**words, "languages": ["en", "zh_hans"] if is_bilingual else ["en"]}


# --- small pieces ---------------------------------------------------------------------------------


def _joined(texts: Sequence[Text]) -> Text:
    chinese = " · ".join(text.get("zh-hans") for text in texts)
    return Text(
        " · ".join(text.en for text in texts),
        chinese if any(text.zh_hans for text in texts) else "",
    )


def _question(row: str, title: Text) -> Text:
    return Text(f"Is “{row} {title.en}” in place?", f"是否已落实“{row} {title.get('zh-hans')}”？")


def _lacks_chinese(value: Any) -> bool:
    if isinstance(value, dict):
        if "en" in value:
            return not value.get("zh_hans")
        return any(_lacks_chinese(inner) for inner in value.values())
    return isinstance(value, list) and any(_lacks_chinese(inner) for inner in value)
