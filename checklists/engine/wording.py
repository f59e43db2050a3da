"""Every sentence the engine says, in English and in Simplified Chinese.

Each function takes the language and the values, and is called only when somebody reads the reason.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from checklists.engine.conditions import ConditionProgram, State
from checklists.engine.model import (
    Catalogue,
    Comparator,
    Condition,
    EvidenceCheck,
    EvidenceFault,
    EvidenceProblem,
    Fact,
    FactKind,
    FactOperator,
    FactTest,
    FactValue,
    FlagTest,
    Limit,
    MissionDate,
    NumberCheck,
    Option,
    Outcome,
    Reason,
    Text,
)
from checklists.engine.units import is_plural, plain, quantity, unit_word

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MAX_QUESTIONS = 3

OUTCOMES = {
    Outcome.MET: Text("met", "符合"),
    Outcome.PARTLY_MET: Text("partly met", "部分符合"),
    Outcome.NOT_MET: Text("not met", "不符合"),
    Outcome.NOT_ANSWERED: Text("not answered", "未作答"),
    Outcome.NOT_APPLICABLE: Text("not applicable", "不适用"),
    Outcome.UNDETERMINED: Text("undetermined", "待判定"),
}

# --- pieces ---------------------------------------------------------------------------------------


def day(value: date, lang: str) -> str:
    """12 Mar 2027, 2027年3月12日."""
    if lang == "en":
        return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
    return f"{value.year}年{value.month}月{value.day}日"


def inside(label: str) -> str:
    """A label as it stands inside a sentence: "Launch window" → "launch window", "TT&C" stays."""
    if len(label) > 1 and label[0].isupper() and (label[1].islower() or label[1] == " "):
        return label[0].lower() + label[1:]
    return label


def listed(items: Sequence[str], lang: str, *, either: bool = False) -> str:
    """a, b and c; a、b和c; with `either` a, b or c; a、b或c."""
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    if lang == "en":
        comma, last = ", ", " or " if either else " and "
    else:
        comma, last = "、", "或" if either else "和"
    return f"{comma.join(items[:-1])}{last}{items[-1]}"


def _joined(sentences: Sequence[str], lang: str) -> str:
    return (" " if lang == "en" else "").join(sentence for sentence in sentences if sentence)


def fact_value(fact: Fact, value: FactValue, lang: str) -> str:
    """The value as the firm would say it."""
    match fact.kind:
        case FactKind.SEVERAL:
            labels = [c.label.get(lang) for c in fact.choices if c.id in tuple(value)]  # type: ignore[arg-type]
            none = "none of these" if lang == "en" else "以上均无"
            if not fact.proper_names:
                labels = [inside(label) for label in labels]
            return listed(labels, lang) or none
        case FactKind.ONE:
            choice = fact.choice(str(value))
            return inside(choice.label.get(lang)) if choice else str(value)
        case FactKind.YES_NO:
            return _yes_no(bool(value), lang)
        case FactKind.NUMBER:
            return quantity(Decimal(value), fact.unit or "count", lang)  # type: ignore[arg-type]
        case FactKind.DATE:
            return day(value, lang) if isinstance(value, date) else str(value)


def _yes_no(value: bool, lang: str) -> str:
    return ("yes" if value else "no") if lang == "en" else ("是" if value else "否")


def _answer_first(facts: Sequence[Fact], lang: str) -> str:
    """Answer first: “What does the firm do?”, “Which orbits?” and 2 more questions."""
    opening, stop = ("Answer first: ", ".") if lang == "en" else ("请先回答：", "。")
    asked = [f"“{fact.question.get(lang)}”" for fact in facts[:MAX_QUESTIONS]]
    more = len(facts) - len(asked)
    if not more:
        words = listed(asked, lang)
        # A question mark before the closing quote ends the sentence as well.
        return opening + words + ("" if words.endswith(("?”", "？”")) else stop)
    if lang == "en":
        questions = "question" if more == 1 else "questions"
        return f"{opening}{', '.join(asked)} and {more} more {questions}{stop}"
    return f"{opening}{'、'.join(asked)}，以及另外{more}个问题{stop}"


# --- why a requirement applies --------------------------------------------------------------------


def applies_to_all(lang: str) -> str:
    return "Applies to every firm." if lang == "en" else "适用于所有企业。"


def applies(lang: str, catalogue: Catalogue, condition: Condition, state: State) -> str:
    clauses = _clauses(lang, catalogue, condition, state, True)
    return _because(lang, "Applies to you", "适用", clauses)


def does_not_apply(lang: str, catalogue: Catalogue, condition: Condition, state: State) -> str:
    clauses = _clauses(lang, catalogue, condition, state, False)
    return _because(lang, "Does not apply to you", "不适用", clauses)


def _because(lang: str, en: str, zh: str, clauses: Sequence[str]) -> str:
    if lang == "en":
        return f"{en} because {' and because '.join(clauses)}."
    return f"{zh}，因为{'，且'.join(clauses)}。"


def applicability_open(lang: str, catalogue: Catalogue, missing: Sequence[str]) -> str:
    open_ = "It is not known yet whether this applies." if lang == "en" else "尚不能判断是否适用。"
    return _joined([open_, _answer_first([catalogue.facts[name] for name in missing], lang)], lang)


def why(lang: str, reason: Reason) -> list[str]:
    """The sentences of an applicability reason apart, one per test that settles it."""
    if reason.words in (applies, does_not_apply):
        catalogue, condition, state = reason.values
        clauses = _clauses(lang, catalogue, condition, state, reason.words is applies)
        return [f"Because {words}." if lang == "en" else f"{words}。" for words in clauses]
    return [reason.get(lang)]


def _clauses(
    lang: str, catalogue: Catalogue, condition: Condition, state: State, holds: bool
) -> list[str]:
    program: ConditionProgram = state.program
    return list(
        dict.fromkeys(
            _clause(lang, catalogue, test, state, only=not holds and counts_for)
            for test, counts_for in program.why(condition, state)
        )
    )


def _clause(
    lang: str, catalogue: Catalogue, test: FlagTest | FactTest, state: State, only: bool
) -> str:
    """One test as it stands behind "because"; `only` adds whom the requirement concerns instead."""
    if isinstance(test, FlagTest):
        label = inside(catalogue.flags[test.flag].label.get(lang))
        if state.flags[state.program.flag_at[test.flag]]:
            return label
        return f"this is not so: {label}" if lang == "en" else f"不存在“{label}”的情形"
    fact = catalogue.facts[test.fact]
    label = inside(fact.label.get(lang))
    value = state.value(test.fact)
    if value is None:
        if lang == "en":
            return f"“{label}” is not asked, given your other answers"
        return f"根据其他回答无须询问“{label}”"
    said = value
    if isinstance(test.expected, tuple) and isinstance(value, tuple):
        # Of many roles only those that make the requirement apply are worth a word.
        said = tuple(choice for choice in value if choice in test.expected) or value
    shown = fact_value(fact, said, lang)
    whom = _whom(lang, fact, test) if only else ""
    if whom and lang == "en":
        return f"it concerns only {whom}, not your {label} ({shown})"
    if whom:
        return f"本项仅涉及{whom}，而{label}为{shown}"
    return f"of your {label} ({shown})" if lang == "en" else f"{label}为{shown}"


def _whom(lang: str, fact: Fact, test: FactTest) -> str:
    """Whom a test speaks to; "" where its other answer says it already."""
    expected = test.expected
    if test.operator is FactOperator.ANSWERED or fact.kind is FactKind.YES_NO:
        return ""
    if isinstance(expected, tuple):
        labels = [inside(c.label.get(lang)) for c in fact.choices if c.id in expected]
        return listed(labels, lang)
    return f"{_bound(test.operator, lang)}{fact_value(fact, expected, lang)}"


def _bound(operator: FactOperator, lang: str) -> str:
    words = {
        FactOperator.AT_LEAST: ("at least ", "不少于"),
        FactOperator.AT_MOST: ("at most ", "不超过"),
        FactOperator.ABOVE: ("more than ", "超过"),
        FactOperator.BELOW: ("less than ", "低于"),
    }
    en, zh = words.get(operator, ("", ""))
    return en if lang == "en" else zh


# --- numbers of documents -------------------------------------------------------------------------

_UNREAD_NUMBER = re.compile(r" \((?:number: )?general knowledge, not read\)")
_WITH_CHINESE_FORM = re.compile(r".* \(([^()]*[\u4e00-\u9fff][^()]*)\)")


def number_in_both(stated: str) -> Text | None:
    """The number of a document from one string, as it was written until edition 2026.11.2."""
    if stated in ("", "not found"):
        return None
    number = _UNREAD_NUMBER.sub("", stated)
    chinese = _WITH_CHINESE_FORM.fullmatch(number)
    said = Text(number, chinese[1] if chinese else "")
    if number == stated:
        return said
    return Text(
        f"{number} (number from general knowledge, not read)",
        f"{said.get('zh-hans')}（编号据一般了解，未核对原文）",
    )


def official_number(stated: str | Mapping[str, str] | None, lang: str) -> str:
    """A document's number as its reader writes it; "" where it is not known."""
    if isinstance(stated, str):  # frozen before a number had two languages
        number = number_in_both(stated)
    else:
        number = Text(stated["en"], stated["zh_hans"]) if stated else None
    return number.get(lang) if number else ""


# --- outcomes without a judgement -----------------------------------------------------------------


def _until_then(lang: str) -> str:
    return "Until then it counts nothing." if lang == "en" else "在此之前不计分。"


def counts_nothing_yet(lang: str, because: Reason) -> str:
    return _joined([because.get(lang), _until_then(lang)], lang)


def stated_not_applicable(lang: str, reason: str) -> str:
    reason = reason.strip()
    if lang == "en":
        return f"Stated as not applicable: “{reason}” The officer confirms or refuses this reason."
    return f"申报为不适用：“{reason}”该理由由审查人员确认或驳回。"


def dont_know_yet(lang: str) -> str:
    if lang == "en":
        return "Marked “don't know yet”, so it counts as not answered."
    return "标记为“尚不清楚”，按未作答处理。"


def not_answered(lang: str) -> str:
    return "Not answered yet." if lang == "en" else "尚未作答。"


def reason_not_allowed(lang: str) -> str:
    if lang == "en":
        return "Not answered yet. “Not applicable” is not possible here."
    return "尚未作答。本项不得选择“不适用”。"


def no_longer_fits(lang: str) -> str:
    if lang == "en":
        return "The stored answer no longer fits the question. Answer it again."
    return "已保存的回答与现行问题不符，请重新作答。"


# --- judgements -----------------------------------------------------------------------------------


def answered_yes(lang: str) -> str:
    return "Answered “yes”." if lang == "en" else "回答为“是”。"


def answered_partly(lang: str) -> str:
    return "Answered “partly”: counts half." if lang == "en" else "回答为“部分”，计一半分。"


def answered_no(lang: str) -> str:
    return "Answered “no”." if lang == "en" else "回答为“否”。"


def document_in_place(lang: str) -> str:
    return "The document is in place." if lang == "en" else "文件已具备。"


def document_not_in_place(lang: str) -> str:
    return "The document is not in place." if lang == "en" else "文件尚未具备。"


def option_chosen(lang: str, option: Option) -> str:
    label, outcome = option.label.get(lang), OUTCOMES[option.outcome].get(lang)
    if lang == "en":
        return f"The choice “{label}” counts as {outcome}."
    return f"所选“{label}”计为“{outcome}”。"


_MET = {
    Comparator.AT_MOST: ("is within the limit of {limit}", "未超过{limit}的上限"),
    Comparator.BELOW: ("is below the limit of {limit}", "低于{limit}的限值"),
    Comparator.AT_LEAST: ("reaches the minimum of {limit}", "达到{limit}的下限"),
    Comparator.ABOVE: ("is above the minimum of {limit}", "高于{limit}的下限"),
}
_NOT_MET = {
    Comparator.AT_MOST: ("is over the limit of {limit}", "超过{limit}的上限"),
    Comparator.BELOW: ("is not below the limit of {limit}", "未低于{limit}的限值"),
    Comparator.AT_LEAST: ("falls short of the minimum of {limit}", "未达到{limit}的下限"),
    Comparator.ABOVE: ("is not above the minimum of {limit}", "未高于{limit}的下限"),
}
_PLURAL = {"is": "are", "reaches": "reach", "falls": "fall"}
_ASKED = {
    Comparator.AT_MOST: ("at most {limit}", "不超过{limit}"),
    Comparator.BELOW: ("below {limit}", "低于{limit}"),
    Comparator.AT_LEAST: ("at least {limit}", "不少于{limit}"),
    Comparator.ABOVE: ("above {limit}", "高于{limit}"),
}
# A source of these kinds binds nobody: the reader is told wherever such a figure is used.
_NOT_BINDING = ("own_target", "foreign_rule")


def asked(limit: Limit, lang: str) -> str:
    """What the limit asks for: at most 25 years, 不超过25年."""
    en, zh = _ASKED[limit.comparator]
    return (en if lang == "en" else zh).format(limit=quantity(limit.value, limit.unit, lang))


def _basis(catalogue: Catalogue, limit: Limit, lang: str) -> str:
    return inside(catalogue.threshold_basis[limit.basis].get(lang))


def number_judged(
    lang: str,
    catalogue: Catalogue,
    check: NumberCheck,
    value: Decimal,
    limit: Limit,
    met: bool,
    target: Limit | None,
) -> str:
    amount = quantity(value, limit.unit, lang)
    basis = _basis(catalogue, limit, lang)
    if not met and (words := _own_sentence(check.when_not_met, lang)):
        for place, text in (
            ("{value}", plain(value)),
            ("{limit}", plain(limit.value)),
            ("{unit}", unit_word(value, limit.unit, lang)),
        ):
            words = words.replace(place, text)
        source = f"Basis of the limit: {basis}." if lang == "en" else f"限值依据：{basis}。"
        return _joined([words, source], lang)
    en, zh = (_MET if met else _NOT_MET)[limit.comparator]
    limit_words = (en if lang == "en" else zh).format(limit=quantity(limit.value, limit.unit, lang))
    if lang == "en":
        if is_plural(value, limit.unit):
            verb, _, rest = limit_words.partition(" ")
            limit_words = f"{_PLURAL[verb]} {rest}"
        sentence = f"{amount} {limit_words} ({basis})."
    else:
        sentence = f"{amount}，{limit_words}（{basis}）。"
    return _joined([sentence, _best_practice(lang, catalogue, value, met, target)], lang)


def _own_sentence(text: Text | None, lang: str) -> str:
    """The requirement's own sentence; "" where there is none in this language."""
    if text is None:
        return ""
    return text.en if lang == "en" else text.zh_hans


def _best_practice(
    lang: str, catalogue: Catalogue, value: Decimal, met: bool, target: Limit | None
) -> str:
    if target is None or not met:
        return ""
    words = asked(target, lang)
    if target.basis in _NOT_BINDING:
        words += ("; " if lang == "en" else "，") + _basis(catalogue, target, lang)
    if holds(value, target):
        if lang == "en":
            return f"Best practice ({words}) is met as well."
        return f"同时达到最佳做法（{words}）。"
    if lang == "en":
        return f"Best practice ({words}) is not reached: met, below best practice."
    return f"未达到最佳做法（{words}）：符合要求，低于最佳做法。"


def holds(value: Decimal, limit: Limit) -> bool:
    """Whether the value keeps the limit."""
    match limit.comparator:
        case Comparator.AT_MOST:
            return value <= limit.value
        case Comparator.BELOW:
            return value < limit.value
        case Comparator.AT_LEAST:
            return value >= limit.value
        case _:
            return value > limit.value


def every_limit_judged(lang: str, value: Decimal, limit: Limit, met: bool) -> str:
    """The facts leave the limit open, but not the outcome; `limit` is the one closest to it."""
    amount, words = quantity(value, limit.unit, lang), asked(limit, lang)
    if lang == "en":
        if met:
            return f"{amount} keeps every limit that may apply here; the strictest is {words}."
        return f"{amount} keeps none of the limits that may apply here; the loosest is {words}."
    if met:
        return f"{amount}，符合本项可能适用的所有限值，其中最严为{words}。"
    return f"{amount}，不符合本项可能适用的任何限值，其中最宽为{words}。"


def limit_open(
    lang: str, catalogue: Catalogue, limits: Sequence[Limit | None], missing: Sequence[str]
) -> str:
    known = [asked(limit, lang) for limit in limits if limit is not None]
    if None in limits:
        known.append("no limit" if lang == "en" else "无限值")
    either = listed(known, lang, either=True)
    if lang == "en":
        open_ = f"Which limit applies is not known yet ({either})."
    else:
        open_ = f"适用的限值尚未确定（{either}）。"
    first = _answer_first([catalogue.facts[name] for name in missing], lang)
    return _joined([open_, first, _until_then(lang)], lang)


def no_limit(lang: str, value: Decimal, unit: str, as_of: date) -> str:
    amount = quantity(value, unit, lang)
    if lang == "en":
        return f"{amount} is noted; no limit is in force for this case on {day(as_of, lang)}."
    return f"{amount}已记录；{day(as_of, lang)}对此情形没有现行限值。"


def date_judged(
    lang: str,
    comparator: Comparator,
    value: date,
    held_against: date,
    label: Text | None,
    when_not_met: Text | None,
    met: bool,
) -> str:
    if not met and (words := _own_sentence(when_not_met, lang)):
        return (
            words.replace("{value}", day(value, lang))
            .replace("{limit}", day(held_against, lang))
            .replace("{unit}", "")
        )
    name = label or Text("Date of this assessment", "评估日")
    late = comparator is Comparator.ON_OR_BEFORE
    if lang == "en":
        other = f"“{name.en}”, {day(held_against, lang)}"
        if met:
            return f"{day(value, lang)} is not {'after' if late else 'before'} {other}."
        return f"{day(value, lang)} is too {'late: after' if late else 'early: before'} {other}."
    other = f"“{name.get(lang)}”（{day(held_against, lang)}）"
    if met:
        return f"{day(value, lang)}，不{'晚' if late else '早'}于{other}。"
    return f"{day(value, lang)}，{'晚' if late else '早'}于{other}，不符合要求。"


def date_open(lang: str, catalogue: Catalogue, fact: str, missing: Sequence[str]) -> str:
    label = catalogue.facts[fact].label.get(lang)
    if not missing:
        if lang == "en":
            return f"The date is held against “{label}”, which is not asked for in this case."
        return f"该日期须与“{label}”比较，而此情形下不询问该事实。"
    if lang == "en":
        open_ = f"The date is held against “{label}”, which is not known yet."
    else:
        open_ = f"该日期须与“{label}”比较，而后者尚未填写。"
    first = _answer_first([catalogue.facts[name] for name in missing], lang)
    return _joined([open_, first, _until_then(lang)], lang)


# --- evidence -------------------------------------------------------------------------------------


def evidence_fault(
    lang: str,
    catalogue: Catalogue,
    kind: str,
    problem: EvidenceProblem,
    item_on: date | None,
    needed_on: date | None,
    mission_date: str | None,
    closing: bool,
) -> str:
    """What is wrong with one kind of evidence, as a sentence."""
    name = catalogue.evidence_kinds[kind].get(lang)
    clause = _evidence_clause(lang, catalogue, problem, item_on, needed_on, mission_date, closing)
    if lang == "en":
        return f"The evidence “{inside(name)}” {clause}."
    return f"证明材料“{name}”{clause}。"


def _evidence_clause(
    lang: str,
    catalogue: Catalogue,
    problem: EvidenceProblem,
    item_on: date | None,
    needed_on: date | None,
    mission_date: str | None,
    closing: bool,
) -> str:
    if problem is EvidenceProblem.MISSING or item_on is None or needed_on is None:
        return "is not attached" if lang == "en" else "尚未附上"
    on, needed = day(item_on, lang), day(needed_on, lang)
    if mission_date is None:
        if problem is EvidenceProblem.EXPIRED:
            if lang == "en":
                return f"ended on {on}, before the date of this assessment, {needed}"
            return f"已于{on}到期，早于评估日{needed}"
        if lang == "en":
            return f"takes effect on {on} only, after the date of this assessment, {needed}"
        return f"自{on}起方生效，晚于评估日{needed}"
    when = _mission_moment(lang, catalogue.dates[mission_date], needed, closing)
    if problem is EvidenceProblem.ENDS_EARLY:
        return f"ends on {on}, before {when}" if lang == "en" else f"于{on}到期，早于{when}"
    return (
        f"takes effect on {on} only, after {when}"
        if lang == "en"
        else f"自{on}起方生效，晚于{when}"
    )


def _mission_moment(lang: str, span: MissionDate, needed: str, closing: bool) -> str:
    label = span.label.get(lang)
    is_window = None not in (span.from_fact, span.until_fact) and span.from_fact != span.until_fact
    if lang == "en":
        if not is_window:
            return f"the {inside(label)} on {needed}"
        return f"the {inside(label)} {'closes' if closing else 'opens'} on {needed}"
    if not is_window:
        return f"{needed}（{label}）"
    return f"{needed}{'结束' if closing else '开启'}的{label}"


_RULES = {
    EvidenceProblem.MISSING: (
        "Without the required evidence an answer counts as partly met at most.",
        "缺少必需材料的，最多计为“部分符合”。",
    ),
    EvidenceProblem.EXPIRED: (
        "Evidence that has ended counts as partly met at most.",
        "已失效的材料最多计为“部分符合”。",
    ),
    EvidenceProblem.NOT_YET_EFFECTIVE: (
        "Evidence that is not in force yet counts as partly met at most.",
        "尚未生效的材料最多计为“部分符合”。",
    ),
    EvidenceProblem.ENDS_EARLY: (
        "Evidence that ends early counts as partly met at most.",
        "提前失效的材料最多计为“部分符合”。",
    ),
    EvidenceProblem.STARTS_LATE: (
        "Evidence that starts late counts as partly met at most.",
        "过晚生效的材料最多计为“部分符合”。",
    ),
}


def judged_with_evidence(
    lang: str,
    catalogue: Catalogue,
    answered: Reason,
    outcome: Outcome,
    check: EvidenceCheck,
    as_of: date,
    sole_document: bool,
) -> str:
    """The judgement of the answer, and what the required evidence adds to it.

    `sole_document`: the answer is a document and its one required kind of evidence is that
    document, so the sentence can go on with "it".
    """
    said = answered.get(lang)
    notes = [_unchecked(lang, catalogue.dates[name]) for name in check.unchecked]
    notes += [_ends_soon(lang, catalogue, kind, last, as_of) for kind, last in check.ends_soon]
    faults = check.faults
    if not faults:
        return _joined([said, _valid(lang, catalogue, check.covers, as_of), *notes], lang)
    rules = {fault.problem for fault in faults}
    rule = _RULES[faults[0].problem if len(rules) == 1 else EvidenceProblem.MISSING]
    if sole_document and faults[0].problem is not EvidenceProblem.MISSING:
        clause = _clause_of(lang, catalogue, faults[0])
        said = said.rstrip(".。") + (f", but it {clause}." if lang == "en" else f"，但{clause}。")
    else:
        but = "But" if outcome is Outcome.MET else "In addition,"
        but_zh = "但" if outcome is Outcome.MET else "此外，"
        clauses = [fault.reason.get(lang).rstrip(".。") for fault in faults]
        if lang == "en":
            said = f"{said} {but} {'; '.join(inside(clause) for clause in clauses)}."
        else:
            said = f"{said}{but_zh}{'；'.join(clauses)}。"
    # What is met in part already cannot lose by the rule, so the rule need not be told.
    told = [rule[0] if lang == "en" else rule[1]] if outcome is Outcome.MET else []
    return _joined([said, *told, *notes], lang)


def _valid(lang: str, catalogue: Catalogue, covers: Sequence[str], as_of: date) -> str:
    spans = [catalogue.dates[name].label.get(lang) for name in covers]
    if lang == "en":
        also = f" and covers the {listed([inside(span) for span in spans], lang)}" if spans else ""
        return f"The required evidence is valid on {day(as_of, lang)}{also}."
    also = f"，并覆盖{listed(spans, lang)}" if spans else ""
    return f"必需材料在{day(as_of, lang)}有效{also}。"


def _ends_soon(lang: str, catalogue: Catalogue, kind: str, last: date, as_of: date) -> str:
    title, days = catalogue.evidence_kinds[kind].get(lang), (last - as_of).days
    if lang == "en":
        left = f"{days} day{'s' if days > 1 else ''} after" if days else "the very day of"
        return f"{title} ends on {day(last, lang)}, {left} the date of judgement: renew it in time."
    left = f"评估日之后{days}天" if days else "即评估日当天"
    return f"{title}将于{day(last, lang)}到期（{left}），请及时续办。"


def _clause_of(lang: str, catalogue: Catalogue, fault: EvidenceFault) -> str:
    _, _, problem, item_on, needed_on, mission_date, closing = fault.reason.values
    return _evidence_clause(lang, catalogue, problem, item_on, needed_on, mission_date, closing)


def _unchecked(lang: str, span: MissionDate) -> str:
    label = span.label.get(lang)
    if lang == "en":
        return (
            f"Whether it covers the {inside(label)} could not be checked in full: "
            "that date is not known yet."
        )
    return f"{label}日期尚未填写完整，无法核对材料是否覆盖。"
