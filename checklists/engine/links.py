"""What the files of a catalogue say about one another: every name used must be defined."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from checklists.engine.conditions import ConditionError, FactForm, names_in, read_condition
from checklists.engine.documents import Document, Path
from checklists.engine.faults import Fault
from checklists.engine.meaning import in_order, mark_of
from checklists.engine.model import Condition, FactKind, Text

Forms = Mapping[str, Any]

_MISSION_DATE_KINDS = {"from": FactKind.DATE, "until": FactKind.DATE}


@dataclass(slots=True)
class Source:
    """A file that has the right form: its lines, and its values in their full JSON form."""

    document: Document
    form: Any


@dataclass(slots=True)
class Links:
    """Collects the faults between the files of one catalogue."""

    catalogue: Source
    facts: Source
    parameters: Source
    references: Source
    scoring: Source
    requirements: Mapping[str, Source]  # by path inside the catalogue's folder
    faults: list[Fault] = field(default_factory=list)
    fact_forms: dict[str, FactForm] = field(default_factory=dict)

    def check(self) -> list[Fault]:
        """Every fault there is."""
        self.check_catalogue()
        self.check_facts()
        self.check_parameters()
        self.check_references()
        self.check_requirements()
        self.check_languages()
        return self.faults

    def fault(self, source: Source, path: Path, problem: str, cure: str) -> None:
        self.faults.append(source.document.fault(path, problem, cure))

    def unique(self, source: Source, path: Path, names: list[Any], what: str) -> None:
        for number, name in enumerate(names):
            if name in names[:number]:
                self.fault(
                    source, (*path, number), f"The {what} {name!r} is there twice.", "Rename one."
                )

    def condition(self, source: Source, path: Path, raw: Any) -> Condition | None:
        if raw is None:
            return None
        try:
            return read_condition(raw, self.fact_forms, self.facts.form["flags"], path)
        except ConditionError as error:
            self.fault(source, error.path, error.problem, error.cure)
            return None

    # The files, one by one -----------------------------------------------------------------------

    def check_catalogue(self) -> None:
        form = self.catalogue.form
        self.unique(self.catalogue, ("sections",), [s["id"] for s in form["sections"]], "section")
        self.unique(
            self.catalogue, ("measures",), [m["number"] for m in form["measures"]], "measure"
        )
        sections = {section["id"] for section in form["sections"]}
        for number, measure in enumerate(form["measures"]):
            if measure["section"] not in sections:
                self.fault(
                    self.catalogue,
                    ("measures", number, "section"),
                    f"There is no section {measure['section']!r}.",
                    f"Use one of: {', '.join(sorted(sections))}.",
                )

    def check_facts(self) -> None:
        form = self.facts.form
        groups = {group["id"] for group in form["groups"]}
        self.unique(self.facts, ("groups",), [group["id"] for group in form["groups"]], "group")
        self.unique(self.facts, ("facts",), [fact["name"] for fact in form["facts"]], "fact")
        for number, fact in enumerate(form["facts"]):
            choices = [choice["id"] for choice in fact["choices"] or ()]
            self.unique(self.facts, ("facts", number, "choices"), choices, "choice")
            self.fact_forms[fact["name"]] = FactForm(FactKind(fact["kind"]), frozenset(choices))
            if fact["group"] not in groups:
                self.fault(
                    self.facts,
                    ("facts", number, "group"),
                    f"There is no group {fact['group']!r}.",
                    f"Use one of: {', '.join(sorted(groups))}.",
                )
        self.check_roles()
        self.check_dates()
        self.check_cycles()

    def check_roles(self) -> None:
        roles = set(self.catalogue.form["roles"])
        for number, fact in enumerate(self.facts.form["facts"]):
            if fact["name"] == "firm.roles":
                if {choice["id"] for choice in fact["choices"] or ()} != roles:
                    self.fault(
                        self.facts,
                        ("facts", number, "choices"),
                        "The choices are not the roles of catalogue.yaml.",
                        f"Give exactly: {', '.join(sorted(roles))}.",
                    )
                return
        if roles:
            self.fault(self.facts, ("facts",), "The fact firm.roles is missing.", "Add it.")

    def check_dates(self) -> None:
        for name, span in self.facts.form["dates"].items():
            for key, fact in (("from", span["starts"]), ("until", span["until"])):
                if fact is None:
                    continue
                known = self.fact_forms.get(fact)
                if known is None or known.kind is not FactKind.DATE:
                    self.fault(
                        self.facts,
                        ("dates", name, key),
                        f"{fact} is not a fact of kind date.",
                        "Name a fact that is a date.",
                    )

    def check_cycles(self) -> None:
        """A flag or a question must not depend on itself."""
        uses: dict[str, set[str]] = {}
        places: dict[str, Path] = {}
        for number, fact in enumerate(self.facts.form["facts"]):
            places[fact["name"]] = ("facts", number, "asked_when")
            uses[fact["name"]] = self._names_used(places[fact["name"]], fact["asked_when"])
        for name, flag in self.facts.form["flags"].items():
            key = f"flag {name}"
            places[key] = ("flags", name, "when")
            uses[key] = self._names_used(places[key], flag["when"])
        for name in uses:
            if name in _reached(uses, name):
                self.fault(
                    self.facts, places[name], f"{name} depends on itself.", "Break the circle."
                )

    def _names_used(self, path: Path, raw: Any) -> set[str]:
        condition = self.condition(self.facts, path, raw)
        if condition is None:
            return set()
        facts, flags = names_in(condition)
        return facts | {f"flag {flag}" for flag in flags}

    def check_parameters(self) -> None:
        for name, parameter in self.parameters.form.items():
            self.check_basis((name, "basis"), parameter["basis"])
            for number, value in enumerate(parameter["values"]):
                path = (name, "values", number)
                if value["basis"] is not None:
                    self.check_basis((*path, "basis"), value["basis"])
                self.condition(self.parameters, (*path, "when"), value["when"])
                if value["reference"] is None:
                    if (value["basis"] or parameter["basis"]) != "own_target":
                        self.fault(
                            self.parameters,
                            (*path, "reference"),
                            "A limit that is not our own suggestion has no source.",
                            "Name the reference, or set the basis to own_target.",
                        )
                elif value["reference"] not in self.references.form:
                    self.no_such_reference(
                        self.parameters, (*path, "reference"), value["reference"]
                    )

    def check_basis(self, path: Path, basis: str) -> None:
        if basis not in self.catalogue.form["threshold_basis"]:
            self.fault(
                self.parameters,
                path,
                f"There is no basis {basis!r}.",
                "Add it to threshold_basis in catalogue.yaml, or use one that is there.",
            )

    def check_references(self) -> None:
        forces = self.catalogue.form["legal_force"]
        for name, reference in self.references.form.items():
            if reference["binding"] not in forces:
                self.fault(
                    self.references,
                    (name, "binding"),
                    f"There is no legal force {reference['binding']!r}.",
                    "Add it to legal_force in catalogue.yaml, or use one that is there.",
                )

    def check_requirements(self) -> None:
        seen_ids: dict[str, str] = {}
        seen_rows: dict[str, str] = {}
        for file, source in self.requirements.items():
            form = source.form
            for key, seen in (("id", seen_ids), ("source_row", seen_rows)):
                if other := seen.get(form[key]):
                    self.fault(source, (key,), f"{form[key]} is in {other} too.", "Change one.")
                seen.setdefault(form[key], file)
            self.check_place(file, source)
            self.check_words(source)
            self.check_meaning(source)
            self.check_limits(source)
            self.condition(source, ("applies_when",), form["applies_when"])

    def check_place(self, file: str, source: Source) -> None:
        """A requirement's id, its row, its folder and its file name tell the same story."""
        form = source.form
        _, measure, slug = form["id"].split(".")
        if measure == "c":  # imported: its group, and so its number, may change with an edition
            measure = f"m{form['clause']['measure']:02}"
            if form["control"] is None:
                problem = "The id is that of an imported control, and `control` is missing."
                self.fault(source, ("id",), problem, "Write `.mNN.` with the measure's number.")
        folder, _, name = file.partition("/")
        if name != f"{slug}.yaml":
            self.fault(
                source,
                ("id",),
                f"The file is called {name}.",
                f"Call it {slug}.yaml.",
            )
        if not re.fullmatch(f"{measure}_[a-z0-9_]+", folder):
            self.fault(
                source,
                ("id",),
                f"The file is in the folder {folder}.",
                f"Move it to a folder {measure}_…, or mend the id.",
            )
        is_row = re.fullmatch(r"M[0-9]{2}-[0-9]{2}", form["source_row"])
        if is_row and form["source_row"][:3] != measure.upper():
            self.fault(
                source,
                ("source_row",),
                f"The row {form['source_row']} is not of measure {measure[1:]}.",
                "Correct the row or the id.",
            )
        numbers = {entry["number"] for entry in self.catalogue.form["measures"]}
        for path, number in (
            (("id",), int(measure[1:])),
            (("clause", "measure"), form["clause"]["measure"]),
        ):
            if number not in numbers:
                self.fault(
                    source, path, f"There is no measure {number}.", "Add it to catalogue.yaml."
                )

    def check_meaning(self, source: Source) -> None:
        """The wording is the one of which its author said that it asks the same."""
        form, same = source.form, source.form["same_meaning"]
        if same is None:
            return
        edition = self.catalogue.form["edition"]
        if in_order(same["since"]) >= in_order(edition):
            self.fault(
                source,
                ("same_meaning", "since"),
                f"The edition {same['since']} is not earlier than this one, {edition}.",
                "Name the earliest edition in which the question already asked the same.",
            )
        texts = [form["question"], form["guidance"]]
        texts += [option["label"] for option in form["answer"]["options"] or ()]
        mark = mark_of(Text(text["en"], text["zh_hans"]) for text in texts)
        if mark != same["wording"]:
            self.fault(
                source,
                ("same_meaning", "wording"),
                "The question, guidance or choices changed after their meaning was judged.",
                f"If they still ask the same, write {mark}; if not, remove same_meaning.",
            )

    def check_words(self, source: Source) -> None:
        form, words = source.form, self.catalogue.form
        if form["topic"] not in words["topics"]:
            self.fault(
                source,
                ("topic",),
                f"There is no topic {form['topic']!r}.",
                f"Use one of: {', '.join(sorted(words['topics']))}.",
            )
        for number, spec in enumerate(form["evidence"]):
            if spec["kind"] not in words["evidence_kinds"]:
                self.fault(
                    source,
                    ("evidence", number, "kind"),
                    f"There is no evidence kind {spec['kind']!r}.",
                    "Add it to evidence_kinds in catalogue.yaml.",
                )
            if spec["covers"] is not None and spec["covers"] not in self.facts.form["dates"]:
                self.fault(
                    source,
                    ("evidence", number, "covers"),
                    f"There is no mission date {spec['covers']!r}.",
                    f"Use one of: {', '.join(self.facts.form['dates'])}.",
                )
        for number, citation in enumerate(form["references"]):
            if citation["id"] not in self.references.form:
                self.no_such_reference(source, ("references", number), citation["id"])
        options = [option["id"] for option in form["answer"]["options"] or ()]
        self.unique(source, ("answer", "options"), options, "option")

    def check_limits(self, source: Source) -> None:
        check = source.form["check"]
        if check is None:
            return
        for path, comparator, limit in _limits(check):
            here = ("check", *path, comparator)
            if limit["fact"] is not None:
                known = self.fact_forms.get(limit["fact"])
                if known is None or known.kind is not FactKind.DATE:
                    self.fault(
                        source,
                        (*here, "fact"),
                        f"{limit['fact']} is not a fact of kind date.",
                        "Name a fact that is a date.",
                    )
            if limit["parameter"] is not None:
                parameter = self.parameters.form.get(limit["parameter"])
                if parameter is None:
                    self.fault(
                        source,
                        (*here, "parameter"),
                        f"There is no parameter {limit['parameter']!r}.",
                        "Add it to parameters.yaml.",
                    )
                elif parameter["unit"] != source.form["answer"]["unit"]:
                    self.fault(
                        source,
                        (*here, "parameter"),
                        f"The answer is in {source.form['answer']['unit']}, "
                        f"the parameter in {parameter['unit']}.",
                        "Use the same unit in both.",
                    )

    def check_languages(self) -> None:
        """Every text is there in every language the catalogue is written in."""
        if "zh_hans" not in self.catalogue.form["languages"]:
            return
        core = (self.catalogue, self.facts, self.parameters, self.references, self.scoring)
        for source in (*core, *self.requirements.values()):
            for path, text in _texts(source.document.data, ()):
                if not str(text.get("zh_hans") or "").strip():
                    here = (*path, "zh_hans") if "zh_hans" in text else path
                    self.fault(source, here, "The Chinese text is missing.", "Write zh_hans.")

    def no_such_reference(self, source: Source, path: Path, name: str) -> None:
        self.fault(source, path, f"There is no reference {name!r}.", "Add it to references.yaml.")


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, Forms]]:
    """Every text in two languages; a plain string stands for both."""
    if isinstance(value, dict):
        if "en" in value:
            yield path, value
            return
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*path, number))


def _limits(check: Forms) -> Iterator[tuple[Path, str, Forms]]:
    comparators = (
        "at_most", "at_least", "below", "above", "on_or_before", "on_or_after",
    )  # fmt: skip
    for path, form in (((), check), (("best_practice",), check.get("best_practice") or {})):
        for comparator in comparators:
            if form.get(comparator) is not None:
                yield path, comparator, form[comparator]


def _reached(uses: Mapping[str, set[str]], start: str) -> set[str]:
    reached: set[str] = set()
    waiting = list(uses[start])
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(uses.get(name, ()))
    return reached
