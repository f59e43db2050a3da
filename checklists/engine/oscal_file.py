"""An OSCAL catalog (JSON) as it comes from elsewhere: read strictly, with its texts made plain."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NoReturn

from checklists.engine.documents import dotted
from checklists.engine.faults import CatalogueError, Fault
from checklists.engine.model import Text
from checklists.engine.oscal import CHINESE, NAMESPACE
from checklists.engine.schema import LONGEST_TEXT

Json = dict[str, Any]
Path = tuple[str | int, ...]

MAX_DEPTH = 20
MAX_INSERTS = 10  # a parameter may stand in another one's text
DAY = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ].*)?")
_CURE = "Give an OSCAL catalog in JSON, as its publisher offers it."
_OTHER_MODELS = (
    "profile", "component-definition", "system-security-plan", "assessment-plan",
    "assessment-results", "plan-of-action-and-milestones", "mapping-collection",
)  # fmt: skip
_INSERT = re.compile(r"\{\{\s*insert:\s*param\s*,\s*([^\s{}]+)\s*\}\}")
_OLD_INSERT = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
_NOT_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_CJK = re.compile(r"[\u3400-\u9fff]")
_ADDRESS = re.compile(r"https?://[!-~]{1,500}")
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


class OscalFile:
    """The catalog and what every part of it needs: access, properties, parameters, prose.

    Whatever is not as OSCAL has it is refused with the place in the file.
    """

    def __init__(self, form: Any, name: str) -> None:
        self.name = name
        self.catalog = self._catalog(form)
        self.metadata = self.object_at(self.catalog, "metadata", ("catalog",))
        at: Path = ("catalog", "metadata")
        self.title = self.title_of(self.metadata, at)
        self.version = self.string(self.metadata, "version", at)
        self.changed_on = self._changed_on(at)
        oscal_version = self.string(self.metadata, "oscal-version", at)
        if not oscal_version.startswith("1."):
            self.refuse(
                (*at, "oscal-version"),
                f"The file is of OSCAL {oscal_version[:20]}; OSCAL 1 is read here.",
                "Ask its publisher for a file of OSCAL 1.",
            )
        self.string(self.catalog, "uuid", ("catalog",))
        self.params: dict[str, Json] = {}
        self.shortened: list[str] = []  # controls whose text was longer than a text can be
        self.resources = self._resources()
        self._learn_params(self.catalog, ("catalog",))

    # The frame -----------------------------------------------------------------------------------

    def refuse(self, path: Path, problem: str, cure: str = _CURE) -> NoReturn:
        raise CatalogueError([Fault(self.name, None, dotted(path), problem, cure)])

    def _catalog(self, form: Any) -> Json:
        if not isinstance(form, dict):
            self.refuse((), "This is not an OSCAL catalog: the file is not an object.")
        if "catalog" in form:
            return self.object_at(form, "catalog", ())
        for model in _OTHER_MODELS:
            if model in form:
                words = model.replace("-", " ")
                self.refuse(
                    (model,),
                    f"This is an OSCAL {words}, not a catalog.",
                    "Resolve it to a catalog first, and import that.",
                )
        self.refuse((), "This is not an OSCAL catalog: there is no key `catalog`.")

    def object_at(self, value: Json, key: str, path: Path) -> Json:
        found = value.get(key)
        if not isinstance(found, dict):
            self.refuse((*path, key), "This is missing, or not an object.")
        return found

    def string(self, value: Json, key: str, path: Path) -> str:
        found = value.get(key)
        if not isinstance(found, str) or not cleaned(found):
            self.refuse((*path, key), "This is missing, or not a text.")
        return cleaned(found)

    def objects(self, value: Json, key: str, path: Path) -> Iterator[tuple[Path, Json]]:
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
        stated = self.string(self.metadata, "last-modified", path)
        found = DAY.fullmatch(stated)
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
                found.setdefault(str(prop.get("class") or ""), cleaned(said))
        return found

    def theirs(self, value: Json, name: str) -> str:
        """A property as OSCAL or another firm defines it; the one without a class before others."""
        found = self._values(value, name, ours=False)
        return found.get("") or next(iter(found.values()), "")

    def ours(self, value: Json, name: str, kind: str = "") -> str:
        """A property that our own export gave."""
        return self._values(value, name, ours=True).get(kind, "")

    def title_of(self, value: Json, path: Path) -> Text:
        """The title of something, in both languages where our own export has both."""
        english = self.string(value, "title", path)
        return text_of(english, self.ours(value, "title", CHINESE))

    # Parameters ----------------------------------------------------------------------------------

    def _keep_params(self, value: Json, path: Path) -> list[str]:
        """Learn the parameters declared here; their ids in order."""
        names = []
        for here, param in self.objects(value, "params", path):
            name = self.string(param, "id", here)
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
            for here, inner in self.objects(value, key, path):
                self._learn_params(inner, here, depth + 1)

    def _shown(self, name: str, depth: int) -> str:
        """What stands in a text in place of a parameter."""
        param = self.params.get(name)
        if param is None or depth > MAX_INSERTS:
            return f"[{name}]"
        if values := strings(param.get("values")):
            return self.with_params(", ".join(values), depth + 1)
        select = param.get("select")
        if isinstance(select, dict) and (choices := strings(select.get("choice"))):
            several = select.get("how-many") in ("one-or-more", "one or more")
            opening = "one or more of" if several else "one of"
            return self.with_params(f"[{opening}: {'; '.join(choices)}]", depth + 1)
        label = param.get("label")
        if isinstance(label, str) and cleaned(label):
            return f"[{self.with_params(cleaned(label), depth + 1)}]"
        return f"[{name}]"

    def with_params(self, prose: str, depth: int = 1) -> str:
        prose = _INSERT.sub(lambda found: self._shown(found[1], depth), prose)
        return _OLD_INSERT.sub(
            lambda found: self._shown(found[1], depth) if found[1] in self.params else found[0],
            prose,
        )

    def parameters_of(self, value: Json, used: Sequence[str], path: Path) -> list[Json]:
        """The control's parameters with what is shown for them, its own first."""
        own = [
            self.string(param, "id", here) for here, param in self.objects(value, "params", path)
        ]
        shown = []
        for name in dict.fromkeys((*own, *used)):
            param = self.params.get(name)
            if param is None:
                continue
            label = param.get("label")
            label = self.with_params(cleaned(label)) if isinstance(label, str) else ""
            chinese = self.ours(param, "title", CHINESE)
            values = strings(param.get("values"))
            text = text_of(label or self._shown(name, 1), chinese)
            shown.append(
                {"id": name, "label": both(text), **({"values": values} if values else {})}
            )
        return shown

    # Prose ---------------------------------------------------------------------------------------

    def prose_of(self, value: Json, path: Path, name: str) -> Text | None:
        """The prose of the first part of this name; None where there is none."""
        for here, part in self.objects(value, "parts", path):
            if part.get("name") == name:
                return self.prose(part, here)
        return None

    def prose(self, part: Json, path: Path) -> Text | None:
        prose = part.get("prose")
        english = self.with_params(cleaned(prose)) if isinstance(prose, str) else ""
        if not english:
            return None
        chinese = ""
        for _, inner in self.objects(part, "parts", path):
            said = inner.get("prose")
            if (
                inner.get("name") == "translation"
                and inner.get("ns") == NAMESPACE
                and isinstance(said, str)
            ):
                chinese = self.with_params(cleaned(said))
        return text_of(english[:LONGEST_TEXT], chinese[:LONGEST_TEXT])

    def guidance(self, control: Json, path: Path, name: str) -> Text | None:
        """The statement, then every other part under its own heading, one item per line."""
        parts = list(self.objects(control, "parts", path))
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
            if (text := self.prose(part, here)) and text.zh_hans:
                chinese.append(text.zh_hans)
        words = "\n\n".join(english)
        if len(words) > LONGEST_TEXT:
            self.shortened.append(name)
            words = words[: LONGEST_TEXT - 1].rstrip() + "…"
        return text_of(words, "\n\n".join(chinese)[:LONGEST_TEXT]) if words else None

    def _heading(self, part: Json, kind: str) -> str:
        title = part.get("title")
        if isinstance(title, str) and cleaned(title):
            return f"{self.with_params(cleaned(title))}:"
        return f"{_HEADINGS.get(kind, kind.replace('-', ' ').replace('_', ' ').capitalize())}:"

    def _lines(self, part: Json, path: Path, depth: int) -> Iterator[str]:
        """A part and the parts in it, one line each, with their labels."""
        if depth > MAX_DEPTH:
            self.refuse(path, f"The parts are nested more than {MAX_DEPTH} deep.")
        prose = part.get("prose")
        label = self.theirs(part, "label")
        if isinstance(prose, str) and cleaned(prose):
            words = self.with_params(cleaned(prose))
            yield f"{label} {words}" if label else words
        elif label and part.get("parts"):
            yield label
        for here, inner in self.objects(part, "parts", path):
            if inner.get("name") != "translation" or inner.get("ns") != NAMESPACE:
                yield from self._lines(inner, here, depth + 1)

    def _resources(self) -> dict[str, Json]:
        """What the back matter holds, by uuid."""
        back = self.catalog.get("back-matter")
        if back is None:
            return {}
        matter = self.object_at(self.catalog, "back-matter", ("catalog",))
        found = {}
        for _, resource in self.objects(matter, "resources", ("catalog", "back-matter")):
            if isinstance(resource.get("uuid"), str):
                found[resource["uuid"].lower()] = resource
        return found


# --- small pieces ---------------------------------------------------------------------------------


def cleaned(words: str) -> str:
    """The words without signs that are no text, and without blanks at the ends of lines."""
    lines = _NOT_TEXT.sub("", words.replace("\r\n", "\n").replace("\t", " ")).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip()


def strings(value: Any) -> list[str]:
    found = value if isinstance(value, list) else []
    return [cleaned(one) for one in found if isinstance(one, str) and cleaned(one)]


def text_of(words: str, chinese: str = "") -> Text:
    """A text; one that is Chinese itself stands for both languages."""
    if not chinese and _CJK.search(words):
        chinese = words
    return Text(words, chinese)


def both(text: Text) -> Json:
    return {"en": text.en, **({"zh_hans": text.zh_hans} if text.zh_hans else {})}


def inserted(part: Any) -> list[str]:
    """The parameters that a part and the parts in it show."""
    if not isinstance(part, dict):
        return []
    prose = part.get("prose")
    found = _INSERT.findall(prose) if isinstance(prose, str) else []
    inner = part.get("parts")
    for one in inner if isinstance(inner, list) else ():
        found += inserted(one)
    return found


def address_of(resource: Json) -> str:
    links = resource.get("rlinks")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and _ADDRESS.fullmatch(str(link.get("href", ""))):
            return str(link["href"])
    return ""
