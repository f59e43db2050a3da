"""A catalogue's files → `Catalogue`. The only module of the engine that touches files.

The first load reads the YAML, checks its form and its links, and keeps the checked values as JSON.
Later loads read that JSON as long as the source files, byte for byte, are the same.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from checklists.engine.conditions import ALWAYS, FactForm, read_condition
from checklists.engine.documents import Document, read_document
from checklists.engine.faults import CatalogueError, Fault
from checklists.engine.meaning import in_order
from checklists.engine.model import (
    AnswerKind,
    AnswerSpec,
    Band,
    BandInfo,
    Catalogue,
    Check,
    Choice,
    Citation,
    Clause,
    Comparator,
    Condition,
    Control,
    ControlParameter,
    DateCheck,
    DerivedFlag,
    EvidenceSpec,
    Fact,
    FactGroup,
    FactKind,
    LegalForce,
    Measure,
    MissionDate,
    NumberCheck,
    Option,
    Outcome,
    Parameter,
    ParameterValue,
    Period,
    Reference,
    Requirement,
    SameMeaning,
    Scoring,
    Section,
    Severity,
    SuggestedAction,
    Target,
    Text,
    Track,
    TrackInfo,
)

CATALOGUES = Path(__file__).resolve().parent.parent / "catalogue"
DEFAULT_CATALOGUE = "cnsa_2025_2027"
MAX_FILES = 3000
MAX_KEPT = 8  # editions in the cache: whoever writes rules makes one with every change
CORE_FILES = (
    "catalogue.yaml",
    "facts.yaml",
    "parameters.yaml",
    "references.yaml",
    "scoring.yaml",
)

_ID = re.compile(r"[a-z][a-z0-9_]{0,59}")

Sources = Mapping[str, bytes]
Forms = dict[str, Any]

# Beside each catalogue of the installation's own, what its folder looked like when it was read.
_loaded: dict[Path, tuple[object, Catalogue]] = {}
_refused: dict[str, CatalogueError] = {}  # by digest: a broken folder is not read over and over
_loading = threading.Lock()
_cache_dir: Path | None = None
_frameworks: Path | None = None


def use_cache_dir(folder: Path | None) -> None:
    """Where loads that name no folder keep the checked values; None keeps nothing."""
    global _cache_dir
    _cache_dir = folder


def use_frameworks(folder: Path | None) -> None:
    """Where the installation keeps catalogues of its own, a folder each; None is nowhere."""
    global _frameworks
    _frameworks = folder


def catalogue_folders() -> dict[str, Path]:
    """The folder of every catalogue by its id: the default, others that ship, the own ones."""
    found: dict[str, Path] = {}
    for root in (CATALOGUES, _frameworks):
        if root is None or not root.is_dir():
            continue
        folders = [path for path in root.iterdir() if _ID.fullmatch(path.name) and path.is_dir()]
        folders.sort(key=lambda path: (path.name != DEFAULT_CATALOGUE, path.name))
        for folder in folders:
            if any(folder.glob("*.yaml")):
                found.setdefault(folder.name, folder)
    return found


def catalogues() -> list[Catalogue]:
    """Every catalogue that can be used, the default first; `manage.py check` names broken ones."""
    found = []
    for name in catalogue_folders():
        with suppress(CatalogueError):
            found.append(load_catalogue(name))
    return found


def load_catalogue(catalogue_id: str = DEFAULT_CATALOGUE, *, root: Path = CATALOGUES) -> Catalogue:
    """The catalogue, loaded once per process; CatalogueError lists everything wrong with it."""
    folder = root / catalogue_id
    # An id may come from outside: anything that is not one names no folder, least of all "..".
    if not _ID.fullmatch(catalogue_id):
        raise no_such_catalogue(catalogue_id)
    if root == CATALOGUES and _frameworks is not None and not folder.is_dir():
        folder = _frameworks / catalogue_id
    with _loading:
        # What ships changes with the program; an own one is imported while the program runs.
        seen = None if folder.parent == CATALOGUES else _look_of(folder)
        kept = _loaded.get(folder)
        if kept is None or kept[0] != seen:
            kept = (seen, read_catalogue(folder, cache_dir=_cache_dir))
            _loaded[folder] = kept
        return kept[1]


def _look_of(folder: Path) -> object:
    """Changes when another edition takes the folder's place."""
    try:
        stat = (folder / "catalogue.yaml").stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns


def no_such_catalogue(name: str) -> CatalogueError:
    """The refusal of a name that stands for no catalogue."""
    problem = "There is no such catalogue folder."
    return CatalogueError([Fault(name[:200], None, "", problem, "Check its name.")])


def read_catalogue(folder: Path, *, cache_dir: Path | None = None) -> Catalogue:
    """The catalogue in a folder, read anew."""
    sources = read_sources(folder)
    digest = digest_of(sources)
    if digest in _refused:
        raise _refused[digest]
    forms = _read_cache(cache_dir, digest) if cache_dir else None
    if forms is None:
        try:
            forms = check_sources(sources)
        except CatalogueError as error:
            if len(_refused) > MAX_KEPT:
                _refused.clear()
            _refused[digest] = error
            raise
        if cache_dir:
            _write_cache(cache_dir, digest, forms)
    return build(forms, digest)


def read_sources(folder: Path) -> dict[str, bytes]:
    """The catalogue's files by their path inside the folder, in a fixed order."""
    if not folder.is_dir():
        raise no_such_catalogue(str(folder))
    paths = sorted(folder.glob("*.yaml")) + sorted(folder.glob("*/*.yaml"))
    if len(paths) > MAX_FILES:
        problem = f"The folder holds more than {MAX_FILES} files."
        raise CatalogueError([Fault(folder.name, None, "", problem, "Remove some.")])
    sources: dict[str, bytes] = {}
    for path in paths:
        name = path.relative_to(folder).as_posix()
        try:
            sources[name] = path.read_bytes()
        except OSError as error:
            problem = f"The file cannot be read: {error.strerror}."
            raise CatalogueError([Fault(name, None, "", problem, "Check the file.")]) from error
    return sources


def write_catalogue(sources: Sources, folder: Path, *, replace: bool = False) -> None:
    """Put a catalogue's files into a folder, all or nothing; CatalogueError where it cannot be."""
    if folder.exists() and not replace:
        problem = "There is a catalogue of this name already."
        cure = "Choose another id, or replace it."
        raise CatalogueError([Fault(folder.name, None, "", problem, cure)])
    new = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        for name, content in sources.items():
            path = new / "made" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if folder.exists():
            folder.rename(new / "old")
        try:
            (new / "made").rename(folder)
        except OSError:
            if (new / "old").exists():
                (new / "old").rename(folder)
            raise
    except OSError as error:
        problem = f"The folder cannot be written: {error.strerror}."
        cure = "Let the program write there, or choose another folder."
        raise CatalogueError([Fault(str(folder), None, "", problem, cure)]) from error
    finally:
        if new is not None:
            shutil.rmtree(new, ignore_errors=True)


def digest_of(sources: Sources) -> str:
    """sha256 over every file's name and content: two editions that differ anywhere differ here."""
    total = hashlib.sha256()
    for name, content in sources.items():
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()


def check_sources(sources: Sources) -> Forms:
    """The files' values in full JSON form; CatalogueError with all their faults at once."""
    return check_documents({name: read_document(name, sources[name]) for name in sources})


def check_documents(documents: Mapping[str, Document]) -> Forms:
    """The same for files that have been read already."""
    # pydantic takes longer to import than the whole cached load takes; it is wanted only here.
    from checklists.engine import links, schema

    forms_of: dict[str, Any] = {
        "catalogue.yaml": schema.CatalogueForm,
        "facts.yaml": schema.FactsForm,
        "parameters.yaml": schema.ParametersForm,
        "references.yaml": schema.ReferencesForm,
        "scoring.yaml": schema.ScoringForm,
    }
    faults = [
        Fault(name, None, "", "The file is missing.", "Add it.")
        for name in CORE_FILES
        if name not in documents
    ]
    checked: dict[str, links.Source] = {}
    for name, document in documents.items():
        if "/" not in name and name not in CORE_FILES:
            cure = "Remove it, or move it to the folder of its measure."
            faults.append(Fault(name, None, "", "The file is not part of a catalogue.", cure))
            continue
        faults += document.faults
        if document.faults:
            continue
        form, form_faults = schema.check_form(forms_of.get(name, schema.RequirementForm), document)
        faults += form_faults
        if form is not None:
            checked[name] = links.Source(document, form)
    requirements = {name: source for name, source in checked.items() if "/" in name}
    if all(name in checked for name in CORE_FILES):
        faults += links.Links(
            checked["catalogue.yaml"],
            checked["facts.yaml"],
            checked["parameters.yaml"],
            checked["references.yaml"],
            checked["scoring.yaml"],
            requirements,
        ).check()
    if faults:
        raise CatalogueError(sorted(faults, key=lambda fault: (fault.file, fault.line or 0)))
    forms: Forms = {name.removesuffix(".yaml"): checked[name].form for name in CORE_FILES}
    forms["requirements"] = [source.form for source in requirements.values()]
    return forms


# --- the cache of checked values ------------------------------------------------------------------


def _engine_digest() -> str:
    """Tells one version of the checking code from another."""
    total = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        total.update(path.read_bytes())
    return total.hexdigest()


def _cache_path(cache_dir: Path, digest: str) -> Path:
    key = hashlib.sha256(f"{digest}{_engine_digest()}".encode()).hexdigest()
    return cache_dir / f"catalogue-{key[:32]}.json"


def _read_cache(cache_dir: Path, digest: str) -> Forms | None:
    """The kept values; None where there are none, or where the file is not whole."""
    try:
        seal, _, kept = _cache_path(cache_dir, digest).read_bytes().partition(b"\n")
    except OSError:
        return None
    if seal != hashlib.sha256(kept).hexdigest().encode():
        return None
    forms: Forms = json.loads(kept)
    return forms


def _write_cache(cache_dir: Path, digest: str, forms: Forms) -> None:
    """Keep the values for the next start. A full or read-only disk costs time, nothing else."""
    kept = json.dumps(forms, ensure_ascii=False).encode()
    try:
        cache_dir.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=cache_dir, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(kept).hexdigest().encode() + b"\n" + kept)
        # Another process may do the same at this moment: both write the same, the last one stays.
        os.replace(name, _cache_path(cache_dir, digest))
        kept_files = sorted(
            cache_dir.glob("catalogue-*.json"), key=lambda path: path.stat().st_mtime
        )
        for old in kept_files[:-MAX_KEPT]:
            old.unlink(missing_ok=True)
    except OSError:
        return


# --- from checked values to the model -------------------------------------------------------------


def _text(form: Any) -> Text:
    return Text(form["en"], form["zh_hans"])


def _text_or_none(form: Any) -> Text | None:
    return None if form is None else Text(form["en"], form["zh_hans"])


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


class _Conditions:
    """Reads conditions that have been checked before."""

    def __init__(self, facts: Forms) -> None:
        self.flags = facts["flags"].keys()
        self.facts = {
            fact["name"]: FactForm(
                FactKind(fact["kind"]),
                frozenset(choice["id"] for choice in fact["choices"] or ()),
            )
            for fact in facts["facts"]
        }

    def read(self, raw: Any) -> Condition:
        return read_condition(raw, self.facts, self.flags)

    def read_or_none(self, raw: Any) -> Condition | None:
        return None if raw is None else self.read(raw)


def build(forms: Forms, digest: str) -> Catalogue:
    """The catalogue of checked values."""
    words, facts = forms["catalogue"], forms["facts"]
    conditions = _Conditions(facts)
    sections = {
        form["id"]: Section(
            form["id"], _text(form["title"]), form["title_origin"], form["group_id"]
        )
        for form in words["sections"]
    }
    measures = {form["number"]: _measure(form) for form in words["measures"]}
    requirements = [
        _requirement(form, measures, conditions)
        for form in sorted(forms["requirements"], key=lambda form: in_order(form["source_row"]))
    ]
    requirements.sort(key=lambda requirement: requirement.measure)
    return Catalogue(
        id=words["id"],
        edition=words["edition"],
        digest=digest,
        title=_text(words["title"]),
        checked_up_to=_text(words["checked_up_to"]),
        notice=_text(words["notice"]),
        sections=sections,
        measures=dict(sorted(measures.items())),
        tracks={
            track: TrackInfo(
                _text(words["tracks"][track]["title"]), _text(words["tracks"][track]["meaning"])
            )
            for track in Track
        },
        topics={name: _text(form) for name, form in words["topics"].items()},
        severities={severity: _text(words["severities"][severity]) for severity in Severity},
        roles={name: _text(form["title"]) for name, form in words["roles"].items()},
        evidence_kinds={name: _text(form) for name, form in words["evidence_kinds"].items()},
        legal_force={
            name: LegalForce(_text(form["title"]), form["binds"])
            for name, form in words["legal_force"].items()
        },
        threshold_basis={name: _text(form) for name, form in words["threshold_basis"].items()},
        groups={
            form["id"]: FactGroup(form["id"], _text(form["title"])) for form in facts["groups"]
        },
        facts={form["name"]: _fact(form, conditions) for form in facts["facts"]},
        flags={
            name: DerivedFlag(name, _text(form["label"]), conditions.read(form["when"]))
            for name, form in facts["flags"].items()
        },
        dates={
            name: MissionDate(name, _text(form["label"]), form["starts"], form["until"])
            for name, form in facts["dates"].items()
        },
        parameters={
            name: _parameter(name, form, conditions) for name, form in forms["parameters"].items()
        },
        references={name: _reference(name, form) for name, form in forms["references"].items()},
        scoring=_scoring(forms["scoring"]),
        requirements={requirement.id: requirement for requirement in requirements},
        languages=tuple(words["languages"]),
    )


def _measure(form: Forms) -> Measure:
    return Measure(
        form["number"],
        form["section"],
        _text(form["title"]),
        form["title_origin"],
        tuple(form["addressed_to"]),
        form["duty_in_plan"],
        _text(form["note"]),
        form["group_id"],
    )


def _fact(form: Forms, conditions: _Conditions) -> Fact:
    return Fact(
        name=form["name"],
        group=form["group"],
        kind=FactKind(form["kind"]),
        label=_text(form["label"]),
        question=_text(form["question"]),
        why=_text(form["why"]),
        help=_text_or_none(form["help"]),
        choices=tuple(
            Choice(choice["id"], _text(choice["label"]), _text_or_none(choice["help"]))
            for choice in form["choices"] or ()
        ),
        unit=form["unit"],
        min=_decimal(form["min"]),
        max=_decimal(form["max"]),
        asked_when=conditions.read_or_none(form["asked_when"]),
        proper_names=form["proper_names"],
    )


def _parameter(name: str, form: Forms, conditions: _Conditions) -> Parameter:
    return Parameter(
        name,
        form["unit"],
        _text(form["title"]),
        form["basis"],
        tuple(
            ParameterValue(
                value=Decimal(value["value"]),
                starts_on=_day(value["starts"]),
                ends_on=_day(value["until"]),
                reference=value["reference"],
                when=conditions.read_or_none(value["when"]),
                note=_text_or_none(value["note"]),
                basis=value["basis"],
            )
            for value in form["values"]
        ),
    )


def _reference(name: str, form: Forms) -> Reference:
    return Reference(
        id=name,
        name=_text(form["name"]),
        issuer=_text(form["issuer"]),
        number=_text_or_none(form["number"]),
        date=form["date"],
        in_force=form["in_force"],
        status=form["status"],
        binding=form["binding"],
        url=form["url"],
        facts_used=tuple(_text(fact) for fact in form["facts_used"]),
        verified=form["verified"],
        verified_where=_text_or_none(form["verified_where"]),
        confidence=form["confidence"],
        note=_text_or_none(form["note"]),
    )


def _scoring(form: Forms) -> Scoring:
    points2 = {outcome: int(2 * Decimal(value)) for outcome, value in form["points"].items()}
    return Scoring(
        weights={severity: form["weights"].get(severity, 0) for severity in Severity},
        points2={outcome: points2.get(outcome, 0) for outcome in Outcome},
        ready_at=Decimal(form["thresholds"]["ready"]),
        conditionally_ready_at=Decimal(form["thresholds"]["conditionally_ready"]),
        bands={
            band: BandInfo(_text(form["bands"][band]["title"]), _text(form["bands"][band]["says"]))
            for band in Band
        },
        rules=tuple(_text(rule) for rule in form["rules"]),
    )


def _answer(form: Forms) -> AnswerSpec:
    return AnswerSpec(
        kind=AnswerKind(form["kind"]),
        may_be_not_applicable=form["not_applicable"] == "with_reason",
        unit=form["unit"],
        min=_decimal(form["min"]),
        max=_decimal(form["max"]),
        decimals=form["decimals"],
        options=tuple(
            Option(option["id"], _text(option["label"]), Outcome(option["outcome"]))
            for option in form["options"] or ()
        ),
    )


def _comparison(form: Forms) -> tuple[Comparator, Forms]:
    return next((name, form[name]) for name in Comparator if form[name] is not None)


def _check(form: Forms | None) -> Check | None:
    if form is None:
        return None
    comparator, limit = _comparison(form)
    when_not_met = _text_or_none(form["when_not_met"])
    if limit["parameter"] is None:
        return DateCheck(comparator, limit["fact"], when_not_met)
    best_practice = None
    if form["best_practice"] is not None:
        stricter, target = _comparison(form["best_practice"])
        best_practice = Target(stricter, target["parameter"])
    return NumberCheck(comparator, limit["parameter"], best_practice, when_not_met)


def _control(form: Forms | None) -> Control | None:
    if form is None:
        return None
    parameters = tuple(
        ControlParameter(one["id"], _text(one["label"]), tuple(one["values"]))
        for one in form["parameters"]
    )
    return Control(form["id"], form["parent"], parameters)


def _requirement(
    form: Forms, measures: Mapping[int, Measure], conditions: _Conditions
) -> Requirement:
    place = form["id"].split(".")[1]
    number = form["clause"]["measure"] if place == "c" else int(place[1:])
    period = form["in_force"] or {"starts": None, "until": None}
    action, same = form["corrective_action"], form["same_meaning"]
    return Requirement(
        id=form["id"],
        source_row=form["source_row"],
        measure=number,
        section=measures[number].section,
        track=Track(form["track"]),
        topic=form["topic"],
        severity=Severity(form["severity"]),
        title=_text(form["title"]),
        question=_text(form["question"]),
        guidance=_text(form["guidance"]),
        rationale=_text(form["rationale"]),
        in_force=Period(_day(period["starts"]), _day(period["until"])),
        applies_when=conditions.read_or_none(form["applies_when"]) or ALWAYS,
        answer=_answer(form["answer"]),
        check=_check(form["check"]),
        evidence=tuple(
            EvidenceSpec(spec["kind"], spec["required"], spec["covers"])
            for spec in form["evidence"]
        ),
        corrective_action=SuggestedAction(action["due"], _text(action)),
        clause=Clause(form["clause"]["measure"], tuple(form["clause"]["sentence"])),
        references=tuple(
            Citation(
                citation["id"],
                _text_or_none(citation["article"]),
                _text_or_none(citation["covers"]),
            )
            for citation in form["references"]
        ),
        confidence=form["confidence"],
        sources_verified=form["sources_verified"],
        key_fact_seen=form["key_fact_seen"],
        verification_note=_text_or_none(form["verification_note"]),
        checked_on=date.fromisoformat(form["checked_on"]),
        same_meaning=None if same is None else SameMeaning(same["since"], same["wording"]),
        control=_control(form["control"]),
    )
