"""The form of every catalogue file, as pydantic models. Only the loader uses them.

They check one file at a time; what one file says about another is checked in `links.py`.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    RootModel,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from checklists.engine.documents import Document
from checklists.engine.faults import Fault
from checklists.engine.model import (
    AnswerKind,
    Band,
    Comparator,
    FactKind,
    Outcome,
    Severity,
    Track,
)
from checklists.engine.units import UNITS

LONGEST_TEXT = 20_000


def _refuse(problem: str, cure: str) -> PydanticCustomError:
    return PydanticCustomError("catalogue", "{problem}\n{cure}", {"problem": problem, "cure": cure})


def _text_or_string(value: Any) -> Any:
    return {"en": value} if isinstance(value, str) else value


def _number_of_document(value: Any) -> Any:
    """A number that reads the same in every language is a plain string; none is not known."""
    if isinstance(value, dict):
        return value
    words = _to_string(value)
    return {"en": words} if words else None


def _to_decimal(value: Any) -> Any:
    return Decimal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _to_string(value: Any) -> Any:
    """A number or date of a law, as it is written: '2025' and 2025 mean the same there."""
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    return value


def _known_unit(value: str) -> str:
    if value not in UNITS:
        raise _refuse(f"There is no unit {value!r}.", f"Use one of: {', '.join(UNITS)}.")
    return value


def _a_list(value: Any) -> Any:
    return [] if value is None else value if isinstance(value, list) else [value]


def _citation(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


def _unknown_is_none(value: Any) -> Any:
    if value is None:
        raise _refuse("The limit has no date.", _CURE_FOR_A_DATE)
    return None if value == "unknown" else value


_CURE_FOR_A_DATE = "Write the day from which it holds, or `unknown` where the source gives none."


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TextForm(Form):
    en: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)
    ]
    zh_hans: Annotated[str, StringConstraints(strip_whitespace=True, max_length=LONGEST_TEXT)] = ""


Id = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=100)]
FactName = Annotated[str, StringConstraints(pattern=r"^(firm|mission)\.[a-z][a-z0-9_]*$")]
ReferenceId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]*$", max_length=60)]
# A name that another program gave: not ours to judge.
OutsideId = Annotated[str, StringConstraints(min_length=1, max_length=200)]
# `json_schema_input_type` says what a file may hold where it is more than what is made of it.
TextOrString = Annotated[
    TextForm, BeforeValidator(_text_or_string, json_schema_input_type=TextForm | str)
]
PlainString = Annotated[
    str, BeforeValidator(_to_string, json_schema_input_type=str | int | float | None)
]
PlainDecimal = PlainSerializer(lambda value: format(value, "f"), return_type=str)
Number = Annotated[
    Decimal, BeforeValidator(_to_decimal, json_schema_input_type=float), PlainDecimal
]
Unit = Annotated[str, AfterValidator(_known_unit), WithJsonSchema({"enum": list(UNITS)})]
TitleOrigin = Literal["original", "reported", "body_only", "draft"]
# A condition is read by `conditions.py`, which knows the facts and flags it may name.
CONDITION = "a condition"
ConditionForm = Annotated[dict[str, Any], WithJsonSchema({"$comment": CONDITION})]

# The file says `duty`, not Track.DUTY: enumerations are read by their values.
TrackName = Annotated[Track, BeforeValidator(lambda v: _member(Track, v))]
SeverityName = Annotated[Severity, BeforeValidator(lambda v: _member(Severity, v))]
OutcomeName = Annotated[Outcome, BeforeValidator(lambda v: _member(Outcome, v))]
BandName = Annotated[Band, BeforeValidator(lambda v: _member(Band, v))]
FactKindName = Annotated[FactKind, BeforeValidator(lambda v: _member(FactKind, v))]
AnswerKindName = Annotated[AnswerKind, BeforeValidator(lambda v: _member(AnswerKind, v))]


def _member(kind: Any, value: Any) -> Any:
    try:
        return kind(value)
    except ValueError:
        name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).lower()
        raise _refuse(
            f"There is no {name} {value!r}.",
            f"Use one of: {', '.join(kind)}.",
        ) from None


# --- catalogue.yaml -------------------------------------------------------------------------------


class SectionForm(Form):
    id: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}$")]
    title: TextForm
    title_origin: TitleOrigin
    group_id: OutsideId | None = None


class MeasureForm(Form):
    number: Annotated[int, Field(ge=1, le=999)]
    section: str
    title: TextForm
    title_origin: TitleOrigin
    addressed_to: list[Id]
    duty_in_plan: Literal["none", "indirect", "announced", "direct"]
    note: TextForm
    group_id: OutsideId | None = None


class TrackForm(Form):
    title: TextForm
    meaning: TextForm


class RoleForm(Form):
    title: TextForm


class LegalForceForm(Form):
    title: TextForm
    binds: bool


class CatalogueForm(Form):
    id: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    edition: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.-]+$", max_length=40)]
    title: TextForm
    # The languages every text is written in; a framework from elsewhere may have English alone.
    languages: Annotated[list[Literal["en", "zh_hans"]], Field(min_length=1)] = ["en", "zh_hans"]
    checked_up_to: TextForm
    notice: TextForm
    sections: list[SectionForm]
    measures: list[MeasureForm]
    tracks: dict[TrackName, TrackForm]
    topics: dict[Id, TextForm]
    severities: dict[SeverityName, TextForm]
    roles: dict[Id, RoleForm]
    evidence_kinds: dict[Id, TextForm]
    legal_force: dict[Id, LegalForceForm]
    threshold_basis: dict[Id, TextForm]

    @model_validator(mode="after")
    def every_word_is_explained(self) -> "CatalogueForm":
        for name, kind, given in (
            ("tracks", Track, self.tracks),
            ("severities", Severity, self.severities),
        ):
            if missing := [str(member) for member in kind if member not in given]:
                raise _refuse(f"{name} lacks {', '.join(missing)}.", "Add a text for each.")
        return self


# --- facts.yaml -----------------------------------------------------------------------------------


class GroupForm(Form):
    id: Id
    title: TextForm


class ChoiceForm(Form):
    id: Id
    label: TextForm
    help: TextForm | None = None


class FactForm(Form):
    name: FactName
    group: Id
    kind: FactKindName
    choices: list[ChoiceForm] | None = None
    unit: Unit | None = None
    min: Number | None = None
    max: Number | None = None
    label: TextForm
    question: TextForm
    help: TextForm | None = None
    why: TextForm
    asked_when: ConditionForm | None = None
    proper_names: bool = False  # the choices keep their capital inside a sentence

    @model_validator(mode="after")
    def the_kind_decides_the_rest(self) -> "FactForm":
        chosen_from = self.kind in (FactKind.SEVERAL, FactKind.ONE)
        if chosen_from and not self.choices:
            raise _refuse(f"A fact of kind {self.kind} has no choices.", "Add `choices`.")
        if not chosen_from and self.choices is not None:
            raise _refuse(f"A fact of kind {self.kind} has choices.", "Remove `choices`.")
        if self.kind is FactKind.NUMBER and self.unit is None:
            raise _refuse("A number has no unit.", "Add `unit`.")
        if self.kind is not FactKind.NUMBER and (self.unit or self.min is not None or self.max):
            raise _refuse(f"A fact of kind {self.kind} has a unit or bounds.", "Remove them.")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise _refuse("`min` is not below `max`.", "Correct one of them.")
        return self


class FlagForm(Form):
    label: TextForm
    when: ConditionForm


class DateForm(Form):
    label: TextForm
    starts: Annotated[FactName | None, Field(alias="from")] = None
    until: FactName | None = None

    @model_validator(mode="after")
    def one_end_at_least(self) -> "DateForm":
        if self.starts is None and self.until is None:
            raise _refuse("The date names no fact.", "Add `from`, `until` or both.")
        return self


class FactsForm(Form):
    groups: list[GroupForm]
    facts: list[FactForm]
    flags: dict[Id, FlagForm] = {}
    dates: dict[Id, DateForm] = {}


# --- parameters.yaml, references.yaml, scoring.yaml -----------------------------------------------


class ParameterValueForm(Form):
    starts: Annotated[
        date | None,
        BeforeValidator(_unknown_is_none, json_schema_input_type=date | Literal["unknown"]),
        Field(alias="from"),
    ]
    until: date | None = None
    value: Number
    reference: ReferenceId | None
    when: ConditionForm | None = None
    note: TextForm | None = None
    basis: Id | None = None

    @model_validator(mode="after")
    def it_ends_after_it_starts(self) -> "ParameterValueForm":
        if self.starts and self.until and self.until < self.starts:
            raise _refuse("`until` is before `from`.", "Correct one of the two dates.")
        return self


class ParameterForm(Form):
    unit: Unit
    title: TextForm
    basis: Id
    values: Annotated[list[ParameterValueForm], Field(min_length=1)]


class ReferenceForm(Form):
    name: TextForm
    issuer: TextOrString
    number: Annotated[
        TextForm | None,
        BeforeValidator(
            _number_of_document, json_schema_input_type=TextForm | str | int | float | None
        ),
    ] = None
    date: PlainString = ""
    in_force: PlainString = ""
    status: str
    binding: Id
    url: PlainString = ""
    facts_used: Annotated[
        list[TextOrString],
        BeforeValidator(_a_list, json_schema_input_type=list[TextForm | str] | TextForm | str),
    ] = []
    verified: bool
    verified_where: TextOrString | None = None
    confidence: Literal["high", "medium", "low"]
    note: TextOrString | None = None


class BandForm(Form):
    title: TextForm
    says: TextForm


class ThresholdsForm(Form):
    ready: Annotated[Number, Field(gt=0, le=100)]
    conditionally_ready: Annotated[Number, Field(gt=0, le=100)]


class ScoringForm(Form):
    weights: dict[SeverityName, Annotated[int, Field(ge=1, le=1000)]]
    points: dict[OutcomeName, Number]
    thresholds: ThresholdsForm
    bands: dict[BandName, BandForm]
    rules: list[TextForm] = []

    @model_validator(mode="after")
    def nothing_is_left_to_guess(self) -> "ScoringForm":
        scored = {Severity.BLOCKING, Severity.MAJOR, Severity.MINOR}
        if set(self.weights) != scored:
            raise _refuse("`weights` is not about blocking, major and minor.", "Give these three.")
        counted = set(Outcome) - {Outcome.NOT_APPLICABLE}
        if set(self.points) != counted:
            names = ", ".join(outcome for outcome in Outcome if outcome in counted)
            raise _refuse("`points` leaves an outcome out, or has one too many.", f"Give: {names}.")
        if any(value not in (0, Decimal("0.5"), 1) for value in self.points.values()):
            raise _refuse("`points` has a value other than 0, 0.5 and 1.", "Use one of these.")
        if set(self.bands) != set(Band):
            raise _refuse("`bands` is not about the four bands.", f"Give: {', '.join(Band)}.")
        if self.thresholds.ready <= self.thresholds.conditionally_ready:
            raise _refuse("`ready` is not above `conditionally_ready`.", "Correct one of them.")
        return self


# --- one requirement ------------------------------------------------------------------------------


class OptionForm(Form):
    id: Id
    label: TextForm
    outcome: OutcomeName

    @model_validator(mode="after")
    def the_outcome_is_a_judgement(self) -> "OptionForm":
        if self.outcome not in (Outcome.MET, Outcome.PARTLY_MET, Outcome.NOT_MET):
            raise _refuse(
                f"An option cannot lead to {self.outcome}.", "Use met, partly_met or not_met."
            )
        return self


class AnswerForm(Form):
    kind: AnswerKindName
    not_applicable: Literal["with_reason", "never"]
    unit: Unit | None = None
    min: Number | None = None
    max: Number | None = None
    decimals: Annotated[int, Field(ge=0, le=12)] | None = None
    options: list[OptionForm] | None = None

    @model_validator(mode="after")
    def the_kind_decides_the_rest(self) -> "AnswerForm":
        if self.kind is AnswerKind.NUMBER:
            if self.unit is None:
                raise _refuse("A number has no unit.", "Add `unit`.")
        elif (self.unit, self.min, self.max, self.decimals) != (None, None, None, None):
            raise _refuse(
                f"An answer of kind {self.kind} has a unit, bounds or decimals.", "Remove them."
            )
        if self.kind is AnswerKind.CHOICE:
            if not self.options or len(self.options) < 2:
                raise _refuse("A choice has fewer than two options.", "Add `options`.")
        elif self.options is not None:
            raise _refuse(f"An answer of kind {self.kind} has options.", "Remove `options`.")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise _refuse("`min` is not below `max`.", "Correct one of them.")
        return self


class LimitForm(Form):
    """What a comparator may point to: a parameter for a number, a fact or as_of for a date."""

    parameter: Id | None = None
    fact: FactName | None = None
    as_of: Literal[True] | None = None

    @model_validator(mode="after")
    def exactly_one(self) -> "LimitForm":
        if [self.parameter, self.fact, self.as_of].count(None) != 2:
            raise _refuse(
                "The check does not name exactly one thing to compare with.",
                "Write {parameter: name} for a number, {fact: name} or {as_of: true} for a date.",
            )
        return self


_NUMBER_COMPARATORS = ("at_most", "at_least", "below", "above")
_DATE_COMPARATORS = ("on_or_before", "on_or_after")


class ComparisonForm(Form):
    at_most: LimitForm | None = None
    at_least: LimitForm | None = None
    below: LimitForm | None = None
    above: LimitForm | None = None
    on_or_before: LimitForm | None = None
    on_or_after: LimitForm | None = None

    @model_validator(mode="after")
    def exactly_one_comparison(self) -> "ComparisonForm":
        given = [name for name in Comparator if getattr(self, name) is not None]
        if len(given) != 1:
            raise _refuse(
                f"The check has {len(given)} comparisons.", f"Give one of: {', '.join(Comparator)}."
            )
        of_a_number = given[0] in _NUMBER_COMPARATORS
        if of_a_number != (getattr(self, given[0]).parameter is not None):
            raise _refuse(
                f"`{given[0]}` cannot be held against this.",
                "Numbers go with {parameter: name}, dates with {fact: name} or {as_of: true}.",
            )
        return self

    def comparator(self) -> Comparator:
        return next(name for name in Comparator if getattr(self, name) is not None)


class CheckForm(ComparisonForm):
    best_practice: ComparisonForm | None = None
    when_not_met: TextForm | None = None

    @model_validator(mode="after")
    def a_sentence_only_uses_known_places(self) -> "CheckForm":
        if self.when_not_met:
            for text in (self.when_not_met.en, self.when_not_met.zh_hans):
                places = set(re.findall(r"\{([^{}]*)\}", text))
                if unknown := sorted(places - {"value", "limit", "unit"}):
                    raise _refuse(
                        f"`when_not_met` has the unknown place {{{unknown[0]}}}.",
                        "Use {value}, {limit} and {unit} only.",
                    )
        if self.best_practice and self.comparator() in _DATE_COMPARATORS:
            raise _refuse("A date has a best practice.", "Remove `best_practice`.")
        return self


class EvidenceForm(Form):
    kind: Id
    required: bool
    covers: Id | None = None


class ActionForm(TextForm):
    due: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", max_length=60)]


class ClauseForm(Form):
    measure: Annotated[int, Field(ge=1, le=999)]
    sentence: Annotated[
        list[Annotated[int, Field(ge=1, le=99)]],
        BeforeValidator(_a_list, json_schema_input_type=list[int] | int),
    ] = []


class CitationForm(Form):
    id: ReferenceId
    article: TextOrString | None = None
    covers: TextOrString | None = None


class PeriodForm(Form):
    starts: Annotated[date | None, Field(alias="from")] = None
    until: date | None = None

    @model_validator(mode="after")
    def it_ends_after_it_starts(self) -> "PeriodForm":
        if self.starts and self.until and self.until < self.starts:
            raise _refuse("`until` is before `from`.", "Correct one of the two dates.")
        return self


class ControlParameterForm(Form):
    id: OutsideId
    label: TextForm
    values: list[str] = []


class ControlForm(Form):
    """What the requirement is in the framework it was imported from."""

    id: OutsideId
    parent: OutsideId | None = None
    parameters: list[ControlParameterForm] = []


class SameMeaningForm(Form):
    """The wording changed and asks what it asked: since which edition, and the wording's mark."""

    since: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    wording: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}$")]


class RequirementForm(Form):
    id: Annotated[
        str,
        StringConstraints(
            pattern=r"^[a-z][a-z0-9_]*\.(m[0-9]{2}|c)\.[a-z][a-z0-9_]*$", max_length=120
        ),
    ]
    # M18-01 in the plan's catalogue; the control's own number in a framework: AC-2(1).
    source_row: Annotated[
        str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z ._()/-]*$", max_length=40)
    ]
    title: TextForm
    question: TextForm
    guidance: TextForm
    rationale: TextForm
    track: TrackName
    topic: Id
    severity: SeverityName
    in_force: PeriodForm | None = None
    applies_when: ConditionForm | None = None
    answer: AnswerForm
    check: CheckForm | None = None
    evidence: list[EvidenceForm] = []
    corrective_action: ActionForm
    clause: ClauseForm
    references: Annotated[
        list[
            Annotated[
                CitationForm,
                BeforeValidator(_citation, json_schema_input_type=CitationForm | str),
            ]
        ],
        Field(min_length=1),
    ]
    confidence: Literal["high", "medium", "low"]
    sources_verified: Literal["all", "some", "none"]
    key_fact_seen: Literal["seen", "partly", "not_seen"]
    verification_note: TextForm | None = None
    checked_on: date
    same_meaning: SameMeaningForm | None = None
    control: ControlForm | None = None

    @model_validator(mode="after")
    def the_parts_fit(self) -> "RequirementForm":
        if self.severity is Severity.OPPORTUNITY and self.track is not Track.OPPORTUNITY:
            raise _refuse(
                f"The severity opportunity has no weight, but the track is {self.track}.",
                "Use blocking, major or minor.",
            )
        compared = self.answer.kind in (AnswerKind.NUMBER, AnswerKind.DATE)
        if compared and self.check is None:
            raise _refuse(f"A {self.answer.kind} has no check.", "Add `check`.")
        if self.check is not None:
            if not compared:
                raise _refuse(
                    f"An answer of kind {self.answer.kind} needs no check.", "Remove `check`."
                )
            is_date = self.check.comparator() in _DATE_COMPARATORS
            if is_date != (self.answer.kind is AnswerKind.DATE):
                raise _refuse(
                    f"The check does not fit an answer of kind {self.answer.kind}.",
                    "Dates take on_or_before and on_or_after, numbers the other comparisons.",
                )
        kinds = [spec.kind for spec in self.evidence]
        if twice := next((kind for kind in kinds if kinds.count(kind) > 1), None):
            raise _refuse(f"The evidence kind {twice} is there twice.", "Keep one of the two.")
        cited = [citation.id for citation in self.references]
        if twice := next((name for name in cited if cited.count(name) > 1), None):
            raise _refuse(f"The reference {twice} is there twice.", "Keep one of the two.")
        return self


class ReferencesForm(RootModel[dict[ReferenceId, ReferenceForm]]):
    model_config = ConfigDict(strict=True)


class ParametersForm(RootModel[dict[Id, ParameterForm]]):
    model_config = ConfigDict(strict=True)


# --- from pydantic's errors to ours ---------------------------------------------------------------

_SENTENCES = {
    "missing": ("The key is missing.", "Add it."),
    "extra_forbidden": ("There is no such key here.", "Check the spelling, or remove it."),
    "string_type": ("This is not a text.", "Write a text; put a number or a date in quotes."),
    "string_too_short": ("The text is empty.", "Write it."),
    "bool_type": ("This is not true or false.", "Write true or false."),
    "date_type": ("This is not a date.", "Write it as 2026-11-20, without quotes."),
    "is_instance_of": ("This is not a number.", "Write a plain number, without quotes."),
    "decimal_type": ("This is not a number.", "Write a plain number, without quotes."),
    "int_type": ("This is not a whole number.", "Write a whole number, without quotes."),
    "list_type": ("This is not a list.", "Write a list: [a, b], or one line with - for each."),
    "dict_type": ("This is not a mapping.", "Write key: value."),
    "model_type": ("This is not a mapping.", "Write key: value; a text is {en: …, zh_hans: …}."),
    "too_short": ("The list is empty.", "Add at least one entry."),
    "string_pattern_mismatch": ("This name has not the expected form.", "Its form is {pattern}"),
}


def check_form(
    form: type[BaseModel], document: Document
) -> tuple[dict[str, Any] | None, list[Fault]]:
    """The document in its full, plain JSON form, or what is wrong with it."""
    try:
        parsed = form.model_validate(document.data)
    except ValidationError as error:
        return None, [_fault(document, detail) for detail in error.errors(include_url=False)]
    return parsed.model_dump(mode="json"), []


def _fault(document: Document, detail: Any) -> Fault:
    # A dict's key that is refused is reported as (…, key, "[key]").
    path = [step for step in detail["loc"] if step != "[key]"]
    context = detail.get("ctx", {})
    if detail["type"] == "missing" and path[-1] == "from":
        return document.fault(path, "The limit has no date.", _CURE_FOR_A_DATE)
    if detail["type"] == "catalogue":
        return document.fault(path, context["problem"], context["cure"])
    problem, cure = _SENTENCES.get(
        detail["type"], (detail["msg"] + ".", "Correct it as the message says.")
    )
    if detail["type"] == "literal_error":
        problem, cure = f"{detail['input']!r} is not known here.", f"Use {context['expected']}."
    return document.fault(path, problem, cure.replace("{pattern}", str(context.get("pattern"))))
