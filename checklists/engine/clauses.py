"""Conditions, answers, limits and periods of the rules in words, whoever the firm is."""

from collections.abc import Sequence
from datetime import date

from checklists.engine import wording
from checklists.engine.conditions import ALWAYS
from checklists.engine.model import (
    All,
    AnswerKind,
    AnswerSpec,
    AnyOf,
    Catalogue,
    Comparator,
    Condition,
    DateCheck,
    FactKind,
    FactOperator,
    FactTest,
    FlagTest,
    Limit,
    Not,
    Option,
    Parameter,
    ParameterValue,
    Text,
)
from checklists.engine.units import UNITS, plain, quantity

LANGUAGES = ("en", "zh-hans")
_DATE_ASKED = {
    Comparator.ON_OR_BEFORE: ("on or before", "不晚于"),
    Comparator.ON_OR_AFTER: ("on or after", "不早于"),
}
_BOUNDS = {
    FactOperator.AT_LEAST: ("{} or more", "不少于{}"),
    FactOperator.AT_MOST: ("{} or less", "不超过{}"),
    FactOperator.ABOVE: ("more than {}", "超过{}"),
    FactOperator.BELOW: ("less than {}", "低于{}"),
}
_DATE_BOUNDS = {
    FactOperator.AT_LEAST: ("{} or later", "{}或以后"),
    FactOperator.AT_MOST: ("{} or earlier", "{}或以前"),
    FactOperator.ABOVE: ("after {}", "晚于{}"),
    FactOperator.BELOW: ("before {}", "早于{}"),
}


def _colon(lang: str) -> str:
    return ": " if lang == "en" else "："


def condition_in_words(catalogue: Catalogue, condition: Condition) -> Text:
    """Whom a condition speaks to: a clause in both languages."""
    return Text(*(_condition(catalogue, condition, lang, False) for lang in LANGUAGES))


def _condition(catalogue: Catalogue, condition: Condition, lang: str, inside: bool) -> str:
    if condition == ALWAYS:
        return "everybody" if lang == "en" else "所有企业"
    match condition:
        case All(parts) | AnyOf(parts):
            if len(parts) == 1:
                return _condition(catalogue, parts[0], lang, inside)
            either = isinstance(condition, AnyOf)
            clauses = [_condition(catalogue, part, lang, True) for part in parts]
            en, zh = ("; or ", "；或者") if either else ("; and ", "；并且")
            following = [wording.inside(clause) for clause in clauses[1:]]
            words = (en if lang == "en" else zh).join([clauses[0], *following])
            return _bracketed(words, lang) if inside else words
        case Not(part):
            words = wording.inside(_condition(catalogue, part, lang, False))
            return f"not ({words})" if lang == "en" else f"不存在“{words}”的情形"
        case FlagTest(flag):
            return catalogue.flags[flag].label.get(lang)
        case FactTest():
            return _fact_test(catalogue, condition, lang)


def _bracketed(words: str, lang: str) -> str:
    return f"({words})" if lang == "en" else f"（{words}）"


def _fact_test(catalogue: Catalogue, test: FactTest, lang: str) -> str:
    fact = catalogue.facts[test.fact]
    label, expected = fact.label.get(lang), test.expected
    if test.operator is FactOperator.ANSWERED:
        return f"{label} is known" if lang == "en" else f"{label}已知"
    if isinstance(expected, tuple):
        chosen = [wording.fact_value(fact, (name,), lang) for name in expected]
        if fact.kind is FactKind.ONE:
            chosen = [wording.fact_value(fact, name, lang) for name in expected]
        either = test.operator is FactOperator.ANY_OF
        return f"{label}{_colon(lang)}{wording.listed(chosen, lang, either=either)}"
    value = wording.fact_value(fact, expected, lang)
    bounds = _DATE_BOUNDS if fact.kind is FactKind.DATE else _BOUNDS
    en, zh = bounds.get(test.operator, ("{}", "{}"))
    return f"{label}{_colon(lang)}{(en if lang == 'en' else zh).format(value)}"


def period_in_words(starts_on: date | None, ends_on: date | None) -> Text:
    """From when until when something is in force, in both languages."""
    if starts_on is None and ends_on is None:
        return Text("with no date", "未注明日期")
    en, zh = [], []
    if starts_on is not None:
        en.append(f"from {wording.day(starts_on, 'en')}")
        zh.append(f"自{wording.day(starts_on, 'zh-hans')}起")
    if ends_on is not None:
        en.append(f"until {wording.day(ends_on, 'en')}")
        zh.append(f"至{wording.day(ends_on, 'zh-hans')}止")
    return Text(" ".join(en), "".join(zh))


def limit_of(parameter: Parameter, value: ParameterValue, comparator: Comparator) -> Limit:
    """One dated value of a parameter as the limit that an answer is held against."""
    return Limit(
        comparator,
        value.value,
        parameter.unit,
        value.basis or parameter.basis,
        value.reference,
        value.starts_on,
        value.note,
        parameter.id,
    )


def limits_in_words(catalogue: Catalogue, comparator: Comparator, name: str) -> Text:
    """Every dated value of a limit, as it is asked: at most 25 years, from 1 May 2021."""
    parameter = catalogue.parameters[name]
    return all_of([_limit(catalogue, parameter, value, comparator) for value in parameter.values])


def values_in_words(catalogue: Catalogue, parameter: Parameter) -> Text:
    """Every dated value of a parameter with its source."""
    return all_of(
        [
            _with_source(catalogue, value, _limit(catalogue, parameter, value, None))
            for value in parameter.values
        ]
    )


def all_of(texts: Sequence[Text]) -> Text:
    """Several texts as one; in Chinese too where any of them is."""
    chinese = "；".join(text.get("zh-hans") for text in texts)
    return Text(
        "; ".join(text.en for text in texts), chinese if any(t.zh_hans for t in texts) else ""
    )


def _limit(
    catalogue: Catalogue,
    parameter: Parameter,
    value: ParameterValue,
    comparator: Comparator | None,
) -> Text:
    limit = limit_of(parameter, value, comparator or Comparator.AT_MOST)
    period = period_in_words(value.starts_on, value.ends_on)
    words = []
    for lang in LANGUAGES:
        said = (
            wording.asked(limit, lang)
            if comparator
            else quantity(value.value, parameter.unit, lang)
        )
        case = _condition(catalogue, value.when, lang, False) if value.when else ""
        open_, close = (" (", ")") if lang == "en" else ("（", "）")
        where = (f" where {case}" if lang == "en" else f"，适用于：{case}") if case else ""
        words.append(f"{said}{where}{open_}{period.get(lang)}{close}")
    return Text(*words)


def _with_source(catalogue: Catalogue, value: ParameterValue, words: Text) -> Text:
    if value.reference is None:
        return words
    name = catalogue.references[value.reference].name
    return Text(f"{words.en}, {name.en}", f"{words.zh_hans}，{name.get('zh-hans')}")


def date_check_in_words(catalogue: Catalogue, check: DateCheck) -> Text:
    """What a date is held against: on or before the launch window."""
    words = []
    for lang, asked in zip(LANGUAGES, _DATE_ASKED[check.comparator], strict=True):
        other = "the day of assessment" if lang == "en" else "评估日"
        if check.fact is not None:
            other = wording.inside(catalogue.facts[check.fact].label.get(lang))
        words.append(f"{asked} {other}" if lang == "en" else f"{asked}{other}")
    return Text(*words)


_ANSWERS = {
    AnswerKind.YES_PARTLY_NO: Text("yes, partly or no", "是、部分或否"),
    AnswerKind.DOCUMENT: Text("a document that is in place or not", "文件已具备或尚未具备"),
    AnswerKind.DATE: Text("a date", "日期"),
}


def answer_in_words(answer: AnswerSpec) -> Text:
    """What kind of answer is asked for, with its bounds or options."""
    words = [_answer(answer, lang) for lang in LANGUAGES]
    if not answer.may_be_not_applicable:
        words = [f"{words[0]}; always applicable", f"{words[1]}；不得填“不适用”"]
    return Text(*words)


def _answer(answer: AnswerSpec, lang: str) -> str:
    if answer.kind is AnswerKind.CHOICE:
        options = wording.listed([_option(o, lang) for o in answer.options], lang, either=True)
        return f"one of: {options}" if lang == "en" else f"单选：{options}"
    if answer.kind is not AnswerKind.NUMBER:
        return _ANSWERS[answer.kind].get(lang)
    unit = UNITS[answer.unit or "count"]
    name = unit.many if lang == "en" else unit.zh_hans.removeprefix("个")
    said = ["a number" if lang == "en" else "数值"]
    if name:
        said[0] += f" in {name}" if lang == "en" else f"（{name}）"
    if answer.min is not None:
        said.append(("from {}" if lang == "en" else "不小于{}").format(plain(answer.min)))
    if answer.max is not None:
        said.append(("up to {}" if lang == "en" else "不大于{}").format(plain(answer.max)))
    if answer.decimals is not None:
        places = "{} decimal places" if lang == "en" else "{}位小数"
        said.append(places.format(answer.decimals))
    return (", " if lang == "en" else "，").join(said)


def _option(option: Option, lang: str) -> str:
    outcome = wording.OUTCOMES[option.outcome].get(lang)
    return option.label.get(lang) + _bracketed(outcome, lang).replace("(", " (", 1)
