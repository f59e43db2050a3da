"""An OSCAL catalog (JSON) from elsewhere → the files of a catalogue that can be assessed here.

Controls become requirements answered with yes, partly or no; groups become measures; a control's
parts are its guidance, with the parameters shown in their place. What our own export adds in
properties of its namespace (severity, track, Chinese texts …) is read back.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NoReturn

from checklists.engine.documents import dotted
from checklists.engine.faults import CatalogueError, Fault
from checklists.engine.model import Severity, Text, Track
from checklists.engine.oscal import CHINESE, NAMESPACE
from checklists.engine.schema import LONGEST_TEXT
from checklists.engine.writing import to_yaml

Json = dict[str, Any]
Path = tuple[str | int, ...]

MAX_CONTROLS = 2900  # a folder holds 3,000 files
MAX_DEPTH = 20
MAX_INSERTS = 10  # a parameter may stand in another one's text
LONGEST_ID = 40
_CURE = "Give an OSCAL catalog in JSON, as its publisher offers it."
_OTHER_MODELS = (
    "profile", "component-definition", "system-security-plan", "assessment-plan",
    "assessment-results", "plan-of-action-and-milestones", "mapping-collection",
)  # fmt: skip
_INSERT = re.compile(r"\{\{\s*insert:\s*param\s*,\s*([^\s{}]+)\s*\}\}")
_OLD_INSERT = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_CJK = re.compile(r"[\u3400-\u9fff]")
_OURS = re.compile(r"[a-z][a-z0-9_]*\.(?:m[0-9]{2}|c)\.[a-z][a-z0-9_]*")
_ROW = re.compile(r"[0-9A-Za-z][0-9A-Za-z ._()/-]{0,39}")
_DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?")
_ADDRESS = re.compile(r"https?://[!-~]{1,500}")
_DUE = re.compile(r"[a-z0-9_]{1,60}")
_FIRST_LINE = re.compile(rb"\A# yaml-language-server[^\n]*\n")
# Parts of ours that say in words what is kept elsewhere, or that have a place of their own.
_TOLD_ELSEWHERE = frozenset(
    {
        "question", "rationale", "applies-when", "option", "limit", "best-practice", "evidence",
        "corrective-action", "verification-note", "translation",
    }
)  # fmt: skip
_HEADINGS = {
    "guidance": "Guidance",
    "overview": "Overview",
    "example": "Example",
    "assessment-objective": "Assessment objective",
    "objective": "Assessment objective",
    "assessment-method": "Assessment method",
    "assessment": "Assessment method",
    "objects": "Assessment objects",
}
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
    return _Reader(form, name, severities, catalogue_id).framework(scoring)


def slug(words: str, longest: int) -> str:
    """The words as an id of ours: small letters, digits and underscores."""
    found = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")[:longest].strip("_")
    return found if found and found[0].isalpha() else f"c_{found}".rstrip("_")


# --- reading OSCAL --------------------------------------------------------------------------------


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
    def __init__(
        self,
        form: Any,
        name: str,
        severities: Mapping[Severity, Text],
        catalogue_id: str | None,
    ) -> None:
        self.name = name
        self.severities = severities
        self.catalog = self._catalog(form)
        self.metadata = self._object(self.catalog, "metadata", ("catalog",))
        at: Path = ("catalog", "metadata")
        self.title = self._text(self.metadata, at)
        self.version = self._string(self.metadata, "version", at)
        self.changed_on = self._changed_on(at)
        oscal_version = self._string(self.metadata, "oscal-version", at)
        if not oscal_version.startswith("1."):
            self.refuse(
                (*at, "oscal-version"),
                f"The file is of OSCAL {oscal_version[:20]}; OSCAL 1 is read here.",
                "Ask its publisher for a file of OSCAL 1.",
            )
        self._string(self.catalog, "uuid", ("catalog",))
        self.id = catalogue_id or slug(
            self._ours(self.metadata, "catalogue-id") or self.title.en, LONGEST_ID
        )
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
        self.shortened: list[str] = []
        self.params: dict[str, Json] = {}
        self.resources = self._resources()

    # The frame -----------------------------------------------------------------------------------

    def refuse(self, path: Path, problem: str, cure: str = _CURE) -> NoReturn:
        raise CatalogueError([Fault(self.name, None, dotted(path), problem, cure)])

    def _catalog(self, form: Any) -> Json:
        if not isinstance(form, dict):
            self.refuse((), "This is not an OSCAL catalog: the file is not an object.")
        if "catalog" in form:
            return self._object(form, "catalog", ())
        for model in _OTHER_MODELS:
            if model in form:
                words = model.replace("-", " ")
                self.refuse(
                    (model,),
                    f"This is an OSCAL {words}, not a catalog.",
                    "Resolve it to a catalog first, and import that.",
                )
        self.refuse((), "This is not an OSCAL catalog: there is no key `catalog`.")

    def _object(self, value: Json, key: str, path: Path) -> Json:
        found = value.get(key)
        if not isinstance(found, dict):
            self.refuse((*path, key), "This is missing, or not an object.")
        return found

    def _string(self, value: Json, key: str, path: Path) -> str:
        found = value.get(key)
        if not isinstance(found, str) or not _cleaned(found):
            self.refuse((*path, key), "This is missing, or not a text.")
        return _cleaned(found)

    def _objects(self, value: Json, key: str, path: Path) -> Iterator[tuple[Path, Json]]:
        """The entries of a list of objects, each with where it stands."""
        found = value.get(key)
        if found is None:
            return
        if not isinstance(found, list):
            self.refuse((*path, key), "This is not a list.")
        for number, entry in enumerate(found):
            here = (*path, key, number)
            if not isinstance(entry, dict):
                self.refuse(here, "This is not an object.")
            yield here, entry

    def _changed_on(self, path: Path) -> str:
        stated = self._string(self.metadata, "last-modified", path)
        found = _DAY.fullmatch(stated)
        try:
            return date.fromisoformat(found[1]).isoformat() if found else self._no_day(path)
        except ValueError:
            return self._no_day(path)

    def _no_day(self, path: Path) -> NoReturn:
        self.refuse((*path, "last-modified"), "This is not a date and time.")

    # Properties and texts ------------------------------------------------------------------------

    def _values(self, value: Json, name: str, *, ours: bool) -> dict[str, str]:
        """The values of the properties of this name, by their class."""
        props = value.get("props")
        found: dict[str, str] = {}
        for prop in props if isinstance(props, list) else ():
            if not isinstance(prop, dict) or prop.get("name") != name:
                continue
            said = prop.get("value")
            if (prop.get("ns") == NAMESPACE) == ours and isinstance(said, str):
                found.setdefault(str(prop.get("class") or ""), _cleaned(said))
        return found

    def _theirs(self, value: Json, name: str) -> str:
        """A property as OSCAL or another firm defines it; the one without a class before others."""
        found = self._values(value, name, ours=False)
        return found.get("") or next(iter(found.values()), "")

    def _ours(self, value: Json, name: str, kind: str = "") -> str:
        """A property that our own export gave."""
        return self._values(value, name, ours=True).get(kind, "")

    def _text(self, value: Json, path: Path) -> Text:
        """The title of something, in both languages where our own export has both."""
        english = self._string(value, "title", path)
        return _text(english, self._ours(value, "title", CHINESE))

    # Parameters ----------------------------------------------------------------------------------

    def _keep_params(self, value: Json, path: Path) -> list[str]:
        """Learn the parameters declared here; their ids in order."""
        names = []
        for here, param in self._objects(value, "params", path):
            name = self._string(param, "id", here)
            if name in self.params:
                self.refuse(
                    (*here, "id"), f"The parameter {name[:60]} is there twice.", "Rename one."
                )
            self.params[name] = param
            names.append(name)
        return names

    def _learn_params(self, value: Json, path: Path, depth: int = 1) -> None:
        """Every parameter of the file: prose may name one that is declared further down."""
        if depth > MAX_DEPTH:
            self.refuse(path, f"The groups and controls are nested more than {MAX_DEPTH} deep.")
        self._keep_params(value, path)
        for key in ("groups", "controls"):
            for here, inner in self._objects(value, key, path):
                self._learn_params(inner, here, depth + 1)

    def _shown(self, name: str, depth: int) -> str:
        """What stands in a text in place of a parameter."""
        param = self.params.get(name)
        if param is None or depth > MAX_INSERTS:
            return f"[{name}]"
        if values := _strings(param.get("values")):
            return self._with_params(", ".join(values), depth + 1)
        select = param.get("select")
        if isinstance(select, dict) and (choices := _strings(select.get("choice"))):
            several = select.get("how-many") in ("one-or-more", "one or more")
            opening = "one or more of" if several else "one of"
            return self._with_params(f"[{opening}: {'; '.join(choices)}]", depth + 1)
        label = param.get("label")
        if isinstance(label, str) and _cleaned(label):
            return f"[{self._with_params(_cleaned(label), depth + 1)}]"
        return f"[{name}]"

    def _with_params(self, prose: str, depth: int = 1) -> str:
        prose = _INSERT.sub(lambda found: self._shown(found[1], depth), prose)
        return _OLD_INSERT.sub(
            lambda found: self._shown(found[1], depth) if found[1] in self.params else found[0],
            prose,
        )

    def _parameters(self, value: Json, used: Sequence[str], path: Path) -> list[Json]:
        """The control's parameters with what is shown for them, its own first."""
        own = [
            self._string(param, "id", here) for here, param in self._objects(value, "params", path)
        ]
        shown = []
        for name in dict.fromkeys((*own, *used)):
            param = self.params.get(name)
            if param is None:
                continue
            label = param.get("label")
            label = self._with_params(_cleaned(label)) if isinstance(label, str) else ""
            chinese = self._ours(param, "title", CHINESE)
            values = _strings(param.get("values"))
            text = _text(label or self._shown(name, 1), chinese)
            shown.append(
                {"id": name, "label": _both(text), **({"values": values} if values else {})}
            )
        return shown

    # Groups and controls -------------------------------------------------------------------------

    def framework(self, scoring: bytes) -> Framework:
        """Everything read and written as the files of a catalogue."""
        self._learn_params(self.catalog, ("catalog",))
        top = list(self._objects(self.catalog, "groups", ("catalog",)))
        is_nested = any(True for at, group in top for _ in self._objects(group, "groups", at))
        plain_section = ""
        for here, group in top:
            if is_nested:
                section = self._section(group, here)
            else:
                section = plain_section = plain_section or self._section(None, here)
            self._group(group, here, section, parents=(), depth=1)
        loose = list(self._objects(self.catalog, "controls", ("catalog",)))
        if loose:
            section = plain_section or self._section(None, ("catalog",))
            self._measure(None, ("catalog",), section, (), loose)
        if not self.requirements:
            self.refuse(("catalog",), "The catalog holds no control that is in use.")
        return Framework(
            id=self.id,
            title=self.title.en,
            edition=self._edition(),
            sources=self._sources(scoring),
            controls=len(self.requirements),
            withdrawn=tuple(self.withdrawn),
            shortened=tuple(self.shortened),
        )

    def _section(self, group: Json | None, path: Path) -> str:
        """A section for a group of groups; without one, the section for everything."""
        number = len(self.sections)
        if number >= 26 * 27:
            self.refuse(path, "The catalog has too many groups of groups.", "Split it.")
        letter = chr(65 + number) if number < 26 else chr(64 + number // 26) + chr(65 + number % 26)
        section: Json = {"id": letter, "title": _both(self.title), "title_origin": "original"}
        if group is not None:
            section["title"] = _both(self._text(group, path))
            origin = self._ours(group, "title-origin")
            if origin in ("original", "reported", "body_only", "draft"):
                section["title_origin"] = origin
            if isinstance(group.get("id"), str) and _cleaned(group["id"]):
                section["group_id"] = _cleaned(group["id"])[:200]
        self.sections.append(section)
        return letter

    def _group(
        self, group: Json, path: Path, section: str, parents: tuple[Text, ...], depth: int
    ) -> None:
        if depth > MAX_DEPTH:
            self.refuse(path, f"The groups are nested more than {MAX_DEPTH} deep.", "Flatten them.")
        title = self._text(group, path)
        controls = list(self._objects(group, "controls", path))
        if controls:
            self._measure(group, path, section, parents, controls)
        # The section bears the title of the outermost group already.
        inner = (*parents, title) if depth > 1 else ()
        for here, child in self._objects(group, "groups", path):
            self._group(child, here, section, inner, depth + 1)

    def _measure(
        self,
        group: Json | None,
        path: Path,
        section: str,
        parents: tuple[Text, ...],
        controls: Sequence[tuple[Path, Json]],
    ) -> None:
        title, note, group_id, extras = self.title, Text(self.title.en), None, Json()
        number = len(self.groups) + 1
        if group is not None:
            own = self._text(group, path)
            title = _joined((*parents, own))
            note = self._prose_of(group, path, "note") or title
            if isinstance(group.get("id"), str) and _cleaned(group["id"]):
                group_id = _cleaned(group["id"])[:200]
            extras = self._measure_extras(group)
            stated = self._ours(group, "number")
            if stated.isascii() and stated.isdigit() and 0 < int(stated[:4]) < 1000:
                number = int(stated[:4])
        if any(measure.number == number for measure in self.groups):
            number = max(measure.number for measure in self.groups) + 1
        if number > 999:
            self.refuse(path, "The catalog has more than 999 groups.", "Split it.")
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
        if (origin := self._ours(group, "title-origin")) in (
            "original", "reported", "body_only", "draft",
        ):  # fmt: skip
            extras["title_origin"] = origin
        if (duty := self._ours(group, "duty-in-plan")) in (
            "none", "indirect", "announced", "direct",
        ):  # fmt: skip
            extras["duty_in_plan"] = duty
        if addressed := [slug(one, 60) for one in self._ours(group, "addressed-to").split()]:
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
            self.refuse(path, f"The controls are nested more than {MAX_DEPTH} deep.")
        name = self._string(control, "id", path)
        title = self._text(control, path)
        if self._theirs(control, "status").lower() == "withdrawn":
            self.withdrawn.append(name)
        else:
            if name in self.requirements:
                self.refuse(
                    (*path, "id"), f"The control {name[:60]} is there twice.", "Rename one."
                )
            if len(self.requirements) >= MAX_CONTROLS:
                self.refuse(
                    path, f"The catalog holds more than {MAX_CONTROLS} controls.", "Split it."
                )
            self.requirements[name] = self._requirement(control, path, name, title, measure, parent)
        for here, child in self._objects(control, "controls", path):
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
        is_ours = bool(self._ours(control, "requirement-id"))
        identifier = self._identifier(name, measure)
        self.folders[name] = f"m{measure.number:02}_{slug(measure.title.en, 40)}"
        used: list[str] = []
        for _, part in self._objects(control, "parts", path):
            used += _inserted(part)
        question = self._prose_of(control, path, "question")
        if is_ours and question is None:
            question = self._prose_of(control, path, "statement")
            guidance = self._prose_of(control, path, "guidance")
        else:
            guidance = self._guidance(control, path, name)
        severity = self._ours(control, "severity")
        track = self._ours(control, "track")
        if severity not in tuple(Severity) or track not in tuple(Track):
            severity, track = Severity.MAJOR, Track.DUTY
        if severity == Severity.OPPORTUNITY:
            track = Track.OPPORTUNITY
        parameters = self._parameters(control, used, path)
        action, due = self._prose_of(control, path, "corrective-action"), "before_review"
        for _, part in self._objects(control, "parts", path):
            if part.get("name") == "corrective-action" and part.get("ns") == NAMESPACE:
                stated = self._ours(part, "due")
                due = stated if _DUE.fullmatch(stated) else due
        period = {
            key: date.fromisoformat(found[1])
            for key, stated in (("from", "in-force-from"), ("until", "in-force-until"))
            if (found := _DAY.fullmatch(self._ours(control, stated)))
        }
        note = self._prose_of(control, path, "verification-note")
        sentences = [int(one) for one in self._ours(control, "sentences").split() if one.isdigit()]
        return {
            "id": identifier,
            "source_row": row,
            "title": _both(title),
            "question": _both(question or _question(row, title)),
            "guidance": _both(guidance or title),
            "rationale": _both(self._prose_of(control, path, "rationale") or self._why(row)),
            "track": str(track),
            "topic": self._topic_of(control) or measure.topic,
            "severity": str(severity),
            **({"in_force": period} if period else {}),
            "answer": {"kind": "yes_partly_no", "not_applicable": "with_reason"},
            "evidence": self._evidence(control, path),
            "corrective_action": {"due": due, **_both(action or _ACTION)},
            "clause": {
                "measure": measure.number,
                **({"sentence": sentences} if sentences else {}),
            },
            "references": self._citations(control, path),
            "confidence": self._one_of(control, "confidence", ("high", "medium", "low")),
            "sources_verified": self._one_of(control, "sources-verified", ("all", "some", "none")),
            "key_fact_seen": self._one_of(control, "key-fact-seen", ("seen", "partly", "not_seen")),
            **({"verification_note": _both(note)} if note else {}),
            "checked_on": date.fromisoformat(self._checked_on(control)),
            "control": {
                "id": name[:200],
                **({"parent": parent[:200]} if parent else {}),
                **({"parameters": parameters} if parameters else {}),
            },
        }

    def _one_of(self, control: Json, name: str, words: tuple[str, ...]) -> str:
        """A word of ours; the first where the file says nothing: its text is its own source."""
        found = self._ours(control, name)
        return found if found in words else words[0]

    def _checked_on(self, control: Json) -> str:
        found = _DAY.fullmatch(self._ours(control, "checked-on"))
        try:
            return date.fromisoformat(found[1]).isoformat() if found else self.changed_on
        except ValueError:
            return self.changed_on

    def _row(self, control: Json, name: str) -> str:
        """The number people know the control by."""
        labels = [self._theirs(control, "label"), name, slug(name, 36)]
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
        title = self.title
        return Text(
            f"{title.en} asks for it ({row}).",
            f"《{title.get('zh-hans')}》提出此项要求（{row}）。",
        )

    def _topic_of(self, control: Json) -> str:
        """The topic our own export names; the words stand in the metadata."""
        name = self._ours(control, "topic")
        props = self.metadata.get("props")
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
        if not isinstance(english, str) or not _cleaned(english):
            return ""
        self.topics[name] = _text(
            _cleaned(english), _cleaned(chinese) if isinstance(chinese, str) else ""
        )
        return name

    def _evidence(self, control: Json, path: Path) -> list[Json]:
        specs: dict[str, Json] = {}
        for here, part in self._objects(control, "parts", path):
            kind = self._ours(part, "kind")
            if part.get("name") != "evidence" or part.get("ns") != NAMESPACE or not kind:
                continue
            kind = slug(kind, 100)
            self.kinds[kind] = self._prose(part, here) or Text(kind)
            specs[kind] = {"kind": kind, "required": self._ours(part, "required") == "true"}
        if not specs and not self._ours(control, "requirement-id"):
            specs = {kind: {"kind": kind, "required": False} for kind in _EVIDENCE}
        return list(specs.values())

    # Prose ---------------------------------------------------------------------------------------

    def _prose_of(self, value: Json, path: Path, name: str) -> Text | None:
        """The prose of the first part of this name; None where there is none."""
        for here, part in self._objects(value, "parts", path):
            if part.get("name") == name:
                return self._prose(part, here)
        return None

    def _prose(self, part: Json, path: Path) -> Text | None:
        prose = part.get("prose")
        english = self._with_params(_cleaned(prose)) if isinstance(prose, str) else ""
        if not english:
            return None
        chinese = ""
        for _, inner in self._objects(part, "parts", path):
            said = inner.get("prose")
            if (
                inner.get("name") == "translation"
                and inner.get("ns") == NAMESPACE
                and isinstance(said, str)
            ):
                chinese = self._with_params(_cleaned(said))
        return _text(english[:LONGEST_TEXT], chinese[:LONGEST_TEXT])

    def _guidance(self, control: Json, path: Path, name: str) -> Text | None:
        """The statement, then every other part under its own heading, one item per line."""
        parts = list(self._objects(control, "parts", path))
        parts.sort(key=lambda entry: entry[1].get("name") != "statement")
        english: list[str] = []
        chinese: list[str] = []
        for here, part in parts:
            kind = part.get("name")
            if part.get("ns") == NAMESPACE and kind in _TOLD_ELSEWHERE:
                continue
            lines = list(self._lines(part, here, 1))
            if not lines:
                continue
            heading = "" if kind == "statement" else self._heading(part, str(kind or ""))
            english.append("\n".join([heading, *lines] if heading else lines))
            if (text := self._prose(part, here)) and text.zh_hans:
                chinese.append(text.zh_hans)
        words = "\n\n".join(english)
        if len(words) > LONGEST_TEXT:
            self.shortened.append(name)
            words = words[: LONGEST_TEXT - 1].rstrip() + "…"
        return _text(words, "\n\n".join(chinese)[:LONGEST_TEXT]) if words else None

    def _heading(self, part: Json, kind: str) -> str:
        title = part.get("title")
        if isinstance(title, str) and _cleaned(title):
            return f"{self._with_params(_cleaned(title))}:"
        return f"{_HEADINGS.get(kind, kind.replace('-', ' ').replace('_', ' ').capitalize())}:"

    def _lines(self, part: Json, path: Path, depth: int) -> Iterator[str]:
        """A part and the parts in it, one line each, with their labels."""
        if depth > MAX_DEPTH:
            self.refuse(path, f"The parts are nested more than {MAX_DEPTH} deep.")
        prose = part.get("prose")
        label = self._theirs(part, "label")
        if isinstance(prose, str) and _cleaned(prose):
            words = self._with_params(_cleaned(prose))
            yield f"{label} {words}" if label else words
        elif label and part.get("parts"):
            yield label
        for here, inner in self._objects(part, "parts", path):
            if inner.get("name") != "translation" or inner.get("ns") != NAMESPACE:
                yield from self._lines(inner, here, depth + 1)

    # Sources -------------------------------------------------------------------------------------

    def _resources(self) -> dict[str, Json]:
        """What the back matter holds, by uuid."""
        back = self.catalog.get("back-matter")
        if back is None:
            return {}
        matter = self._object(self.catalog, "back-matter", ("catalog",))
        found = {}
        for _, resource in self._objects(matter, "resources", ("catalog", "back-matter")):
            if isinstance(resource.get("uuid"), str):
                found[resource["uuid"].lower()] = resource
        return found

    def _reference_id(self, name: str) -> str:
        stated = self._ours(self.resources[name], "reference-id") or name
        return re.sub(r"[^A-Z0-9-]+", "-", stated.upper()).strip("-")[:60] or SOURCE

    def _citations(self, control: Json, path: Path) -> list[Json]:
        cited: dict[str, Json] = {}
        for _, link in self._objects(control, "links", path):
            href = link.get("href")
            name = href[1:].lower() if isinstance(href, str) and href.startswith("#") else ""
            if link.get("rel") != "reference" or name not in self.resources:
                continue
            self.cited.add(name)
            citation: Json = {"id": self._reference_id(name)}
            for key, stated in (
                ("article", link.get("resource-fragment")),
                ("covers", link.get("text")),
            ):
                if isinstance(stated, str) and _cleaned(stated):
                    citation[key] = _cleaned(stated)[:LONGEST_TEXT]
            cited.setdefault(citation["id"], citation)
        if self._ours(control, "requirement-id") and cited:
            return list(cited.values())
        return [{"id": SOURCE}, *cited.values()]

    def _references(self) -> Json:
        found: Json = {}
        for name in sorted(self.cited):
            resource = self.resources[name]
            citation = resource.get("citation")
            stated = citation.get("text") if isinstance(citation, dict) else None
            title = next(
                (
                    _cleaned(t)
                    for t in (resource.get("title"), stated)
                    if isinstance(t, str) and _cleaned(t)
                ),
                name,
            )
            chinese = self._ours(resource, "title", CHINESE)
            confidence = self._ours(resource, "confidence")
            found[self._reference_id(name)] = {
                "name": _both(_text(title[:LONGEST_TEXT], chinese)),
                "issuer": self._ours(resource, "issuer") or "—",
                "number": self._ours(resource, "number"),
                "date": self._ours(resource, "date"),
                "in_force": self._ours(resource, "in-force"),
                "status": self._ours(resource, "status") or "in_force",
                "binding": "source",
                "url": _address(resource),
                "verified": self._ours(resource, "verified") == "true",
                "confidence": confidence if confidence in ("high", "medium", "low") else "medium",
            }
        if any(one["id"] == SOURCE for r in self.requirements.values() for one in r["references"]):
            found[SOURCE] = {
                "name": _both(self.title),
                "issuer": self._issuer(),
                "number": self.version[:100],
                "date": self.changed_on,
                "in_force": "",
                "status": "in_force",
                "binding": "framework",
                "url": "",
                "verified": True,
                "confidence": "high",
            }
        return found

    def _issuer(self) -> str:
        """The party that published the catalog."""
        for _, party in self._objects(self.metadata, "parties", ("catalog", "metadata")):
            if isinstance(party.get("name"), str) and _cleaned(party["name"]):
                return _cleaned(party["name"])[:500]
        return "—"

    # Files ---------------------------------------------------------------------------------------

    def _edition(self) -> str:
        found = re.sub(r"[^0-9A-Za-z.-]+", "-", self.version).strip("-.")[:30].strip("-.")
        return found or self.changed_on

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

    def _words(self, forms: Json) -> Json:
        used = {requirement["topic"] for requirement in self.requirements.values()}
        kinds = {spec["kind"] for r in self.requirements.values() for spec in r["evidence"]}
        measured = {measure.section for measure in self.groups}
        words: Json = {
            "id": self.id,
            "edition": self._edition(),
            "title": _both(self.title),
            "checked_up_to": _both(Text(self.changed_on, self.changed_on)),
            "notice": _both(
                Text(
                    f"Imported from {self.title.en}, version {self.version}. The text is its "
                    "publisher's: check it there before you rely on it.",
                    f"导入自《{self.title.get('zh-hans')}》（{self.version}版）。文本归其发布机构所有，引用前请核对原文。",
                )
            ),
            "sections": [section for section in self.sections if section["id"] in measured],
            "measures": [
                {
                    "number": measure.number,
                    "section": measure.section,
                    "title": _both(measure.title),
                    "title_origin": "original",
                    "addressed_to": ["firms"],
                    "duty_in_plan": "none",
                    **measure.extras,
                    "note": _both(measure.note),
                    **({"group_id": measure.group_id} if measure.group_id else {}),
                }
                for measure in self.groups
            ],
            "tracks": {
                str(track): {"title": _both(title), "meaning": _both(meaning)}
                for track, (title, meaning) in _TRACKS.items()
            },
            "topics": {name: _both(text) for name, text in self.topics.items() if name in used},
            "severities": {str(name): _both(text) for name, text in self.severities.items()},
            "roles": {},
            "evidence_kinds": {n: _both(text) for n, text in self.kinds.items() if n in kinds},
            "legal_force": {
                "framework": {"title": {"en": "Framework", "zh_hans": "框架文件"}, "binds": False},
                "source": {"title": {"en": "Source", "zh_hans": "依据"}, "binds": False},
            },
            "threshold_basis": {},
        }
        is_bilingual = not any(_lacks_chinese(form) for form in (words, *forms.values()))
        return {**words, "languages": ["en", "zh_hans"] if is_bilingual else ["en"]}


# --- small pieces ---------------------------------------------------------------------------------


def _cleaned(words: str) -> str:
    """The words without signs that are no text, and without blanks at the ends of lines."""
    lines = _NOT_TEXT.sub("", words.replace("\r\n", "\n").replace("\t", " ")).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def _strings(value: Any) -> list[str]:
    found = value if isinstance(value, list) else []
    return [_cleaned(one) for one in found if isinstance(one, str) and _cleaned(one)]


def _text(words: str, chinese: str = "") -> Text:
    """A text; one that is Chinese itself stands for both languages."""
    if not chinese and _CJK.search(words):
        chinese = words
    return Text(words, chinese)


def _both(text: Text) -> Json:
    return {"en": text.en, **({"zh_hans": text.zh_hans} if text.zh_hans else {})}


def _joined(texts: Sequence[Text]) -> Text:
    chinese = " · ".join(text.get("zh-hans") for text in texts)
    return Text(
        " · ".join(text.en for text in texts),
        chinese if any(text.zh_hans for text in texts) else "",
    )


def _question(row: str, title: Text) -> Text:
    return Text(f"Is “{row} {title.en}” in place?", f"是否已落实“{row} {title.get('zh-hans')}”？")


def _inserted(part: Any) -> list[str]:
    """The parameters that a part and the parts in it show."""
    if not isinstance(part, dict):
        return []
    prose = part.get("prose")
    found = _INSERT.findall(prose) if isinstance(prose, str) else []
    inner = part.get("parts")
    for one in inner if isinstance(inner, list) else ():
        found += _inserted(one)
    return found


def _address(resource: Json) -> str:
    links = resource.get("rlinks")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and _ADDRESS.fullmatch(str(link.get("href", ""))):
            return str(link["href"])
    return ""


def _lacks_chinese(value: Any) -> bool:
    if isinstance(value, dict):
        if "en" in value:
            return not value.get("zh_hans")
        return any(_lacks_chinese(inner) for inner in value.values())
    return isinstance(value, list) and any(_lacks_chinese(inner) for inner in value)
