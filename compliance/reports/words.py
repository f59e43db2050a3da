"""The report's own words, in English and in Simplified Chinese.

They stand here and not in the message catalogues, because the report is made in a child process
that has no settings, in the language of the report and not of any request.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from checklists import Text

LANGUAGES = {"en": "en", "zh-hans": "zh-Hans"}  # how the product names them, how HTML and PDF do


@cache
def words(lang: str, framework: Text | None = None) -> Mapping[str, str]:
    """Every word of the report in one language, by its name; for the plan or another framework."""
    said = {name: text.get(lang) for name, text in WORDS.items()}
    if framework is not None:
        title = framework.get(lang)
        said |= {n: text.get(lang).replace("{title}", title) for n, text in FRAMEWORK.items()}
    return said


# What the plan is called its measures is called otherwise where another framework is assessed.
FRAMEWORK = {
    "plan_line": Text("Self-assessment against: {title}", "对照《{title}》的自评估"),
    "skyline": Text("Every requirement that applies, group by group", "适用的全部要求，按类别排列"),
    "skyline_note": Text(
        "One tile per requirement, in the columns of the framework's groups. Above the line: "
        "required. Below: upcoming. Heavy frame: blocking. The outcome is the officer's where "
        "there is one, else the firm's.",
        "每格为一项要求，按框架的类别分列。线上为框架要求，线下为即将实施的要求；粗框为阻断性。"
        "结果以核定为准，尚未核定的以自评为准。",
    ),
    "by_measure": Text("Score of each group", "各类别的得分"),
    "by_section": Text("Score by section of the framework", "按框架各部分的得分"),
    "requirements": Text("Requirements, group by group", "各类别的要求"),
    "measure": Text("Group", "类别"),
    "nothing_applies": Text("No requirement of this group applies.", "本类别没有适用的要求。"),
    "opportunities_note": Text(
        "Counted and listed, not scored; none is a duty.", "只计数和列出，不计分，均非义务。"
    ),
}
WORDS = {
    # The document
    "product": Text("Tianheng", "天衡"),
    "report": Text("Readiness report", "合规准备度报告"),
    "summary_report": Text("Readiness report, summary", "合规准备度报告（摘要）"),
    "plan_line": Text(
        "Self-assessment against the CNSA action plan 2025–2027",
        "对照国家航天局行动计划（2025—2027年）的自评估",
    ),
    "as_of": Text("Judged as of", "评估基准日"),
    "submission": Text("Submission", "提交"),
    "submission_no": Text("No. {number}", "第{number}号"),
    "submitted": Text("submitted", "提交于"),
    "no_number": Text("Draft, no number", "草稿，无编号"),
    "round": Text("review round {round}", "第{round}轮审查"),
    "edition": Text("Edition of the rules", "规则版本"),
    "issued": Text("Report issued", "报告生成时间"),
    "window": Text("Launch window", "发射窗口"),
    "digest": Text("Digest of the submission (SHA-256)", "提交内容摘要值（SHA-256）"),
    "digest_row": Text("SHA-256 of the submission", "提交内容SHA-256"),
    "code": Text("Report code", "报告编号"),
    "check_at": Text("Check this report at", "核验网址"),
    "check_note": Text(
        "Scan the code, or type the report code there and choose the file. "
        "A copy that differs in one byte is not recognised.",
        "扫描二维码，或在该网址输入报告编号并选取文件。文件有一个字节不同即不予认可。",
    ),
    "page_of": Text("of", "/"),
    # States
    "state": Text("State", "状态"),
    "state_draft": Text("Draft", "草稿"),
    "state_draft_note": Text(
        "Not attested and not reviewed. Every part may still change.",
        "未经声明，未经审查，各部分均可能变更。",
    ),
    "state_submitted": Text("Submitted, not reviewed yet", "已提交，尚未审查"),
    "state_submitted_note": Text(
        "Attested by the firm. The officer has not looked at it.",
        "企业已作声明，审查人员尚未审查。",
    ),
    "state_in_review": Text("In review", "审查中"),
    "state_in_review_note": Text(
        "Attested by the firm. The officer's determinations are not complete.",
        "企业已作声明，审查人员的核定尚未完成。",
    ),
    "state_returned": Text("Returned to the firm", "已退回企业"),
    "state_returned_note": Text(
        "The officer did not accept this submission. The firm has to correct and submit again.",
        "审查人员未接受本次提交，企业须更正后重新提交。",
    ),
    "state_accepted": Text("Accepted", "已接受"),
    "state_accepted_with_conditions": Text("Accepted with conditions", "附条件接受"),
    "state_accepted_note": Text(
        "Attested by the firm, reviewed and accepted by the officer.",
        "企业已作声明，审查人员审查后接受。",
    ),
    "state_accepted_findings": Text(
        "Attested by the firm and accepted by the officer. Findings to be closed: {count}.",
        "企业已作声明，审查人员审查后接受。待整改的审查发现：{count}项。",
    ),
    "state_withdrawn": Text("Withdrawn by the firm", "企业已撤回"),
    "state_withdrawn_note": Text(
        "Attested, then taken back by the firm before it was reviewed.",
        "企业声明提交后，在审查前自行撤回。",
    ),
    "mark_withdrawn": Text("WITHDRAWN", "已撤回"),
    "mark_draft": Text("DRAFT", "草稿"),
    "mark_submitted": Text("NOT REVIEWED", "尚未审查"),
    "mark_in_review": Text("IN REVIEW", "审查中"),
    "mark_returned": Text("RETURNED", "已退回"),
    # Figures
    "band": Text("Band", "等级"),
    "claimed": Text("Claimed", "自评"),
    "confirmed": Text("Confirmed", "核定"),
    "not_yet": Text("not yet", "尚无"),
    "claimed_means": Text(
        "Claimed: what the firm's own answers are worth.", "自评：依企业的回答计算。"
    ),
    "confirmed_means": Text(
        "Confirmed: only what the officer determined counts; what is not determined yet is worth "
        "nothing.",
        "核定：仅计审查人员已核定的部分，尚未核定的计零分。",
    ),
    "duty_score": Text("Compliance: duties in force", "合规得分：现行义务"),
    "upcoming_score": Text("Preparedness: upcoming rules", "准备度得分：即将实施的要求"),
    "coverage": Text("Evidence coverage", "证明材料覆盖率"),
    "coverage_note": Text(
        "met or partly met requirements whose evidence is complete and valid",
        "符合或部分符合的要求中，证明材料齐全有效的比例",
    ),
    "opportunities_taken": Text("Opportunities taken up", "已利用的支持机会"),
    "of": Text("of", "共"),
    "none_to_score": Text("nothing to score", "无计分要求"),
    # Board page
    "board": Text("Summary for the board", "管理层摘要"),
    "blockers": Text("Blockers", "阻断项"),
    "blockers_note": Text(
        "Blocking duties that are short of met. They come before any score.",
        "尚未符合的阻断性义务，列于得分之前。",
    ),
    "no_blockers": Text("No blocking duty is short of met.", "没有未符合的阻断性义务。"),
    "more_blockers": Text(
        "and {count} more; all of them stand in the chapter of their measure.",
        "另有{count}项，见各项措施。",
    ),
    "scores": Text("Scores", "得分"),
    "next_steps": Text("Most urgent actions", "最紧急的整改事项"),
    "next_steps_findings": Text("blocking first, then by date", "阻断性在前，其余按期限排列"),
    "no_owner": Text("no owner yet", "尚未指定负责人"),
    "late": Text("overdue", "已逾期"),
    "trend": Text("Trend of the duty score", "义务得分变化"),
    "trend_first": Text(
        "This is the first submission: there is nothing to compare it with yet.",
        "本次为首次提交，尚无可比数据。",
    ),
    "trend_claimed": Text(
        "Since {since}: claimed {old} → {new}; blockers {was} → {now}.",
        "与{since}相比：自评{old}→{new}；阻断项{was}→{now}。",
    ),
    "trend_confirmed": Text(
        "Since {since}: confirmed {old} → {new}; blockers {was} → {now}.",
        "与{since}相比：核定{old}→{new}；阻断项{was}→{now}。",
    ),
    "next_steps_blockers": Text("the blockers' cures", "阻断项的整改建议"),
    "no_next_steps": Text("Nothing stands open.", "无待办事项。"),
    "skyline": Text(
        "Every requirement that applies, measure by measure", "适用的全部要求，按措施排列"
    ),
    "skyline_note": Text(
        "One tile per requirement, in the columns of the 22 measures; A to E are the sections of "
        "the plan. Above the line: duties in force. Below: upcoming. Heavy frame: blocking. The "
        "outcome is the officer's where there is one, else the firm's.",
        "每格为一项要求，按22项措施分列，A至E为行动计划的五个部分。线上为现行义务，线下为即将实施的"
        "要求；粗框为阻断性。结果以核定为准，尚未核定的以自评为准。",
    ),
    # Contents, how to read
    "contents": Text("Contents", "目录"),
    "how_to_read": Text("How to read this report", "阅读说明"),
    "outcomes": Text("Outcomes", "结果"),
    "tracks": Text("Three tracks", "三类要求"),
    "two_figures": Text("Two figures", "两个数字"),
    # Pictures
    "pictures": Text("The result in pictures", "结果图示"),
    "by_track": Text("Outcomes by track", "各类要求的结果"),
    "by_track_note": Text(
        "Number of requirements that apply. The three tracks are never mixed in one score.",
        "适用要求的项数。三类要求分别统计，不合并计分。",
    ),
    "by_measure": Text("Score of the 22 measures", "22项措施的得分"),
    "by_measure_note": Text(
        "Darker means further from ready. The figure in a cell is the {which} score in per cent; "
        "a dash: nothing to score.",
        "颜色越深差距越大。格中数字为{which}得分（%），短横表示无计分要求。",
    ),
    "by_section": Text("Duty score by section of the plan", "按行动计划各部分的义务得分"),
    "by_section_note": Text(
        "Gates: {conditional} % for conditionally ready, {ready} % for ready.",
        "门槛：{conditional}%为有条件就绪，{ready}%为就绪。",
    ),
    "by_topic": Text("Duty score by topic", "按主题的义务得分"),
    "by_topic_note": Text(
        "The weakest topic comes first. In brackets: number of duties. Hollow: claimed. Solid: "
        "confirmed. Red: number of blockers.",
        "得分最低的主题在前，括号内为义务项数。空心为自评，实心为核定；红色为阻断项数。",
    ),
    # What the firm stated
    "facts": Text("What the firm stated about itself", "企业陈述的事实"),
    "facts_note": Text(
        "From these facts follows which requirements apply.", "各项要求是否适用由这些事实得出。"
    ),
    "fact": Text("Fact", "事实"),
    "stated": Text("Stated", "陈述"),
    "fact_dont_know": Text("Marked “don’t know yet”", "标记为“尚不清楚”"),
    "fact_missing": Text("Not answered", "未填写"),
    "fact_not_asked": Text("Not asked, given the other answers", "根据其他回答无须询问"),
    # Requirements
    "requirements": Text("Requirements, measure by measure", "各项措施的要求"),
    "section": Text("Section", "部分"),
    "measure": Text("Measure", "措施"),
    "answer": Text("Answer", "回答"),
    "note": Text("Note", "说明"),
    "reason": Text("Reason", "理由"),
    "evidence": Text("Evidence", "材料"),
    "no_evidence": Text("None attached.", "未附。"),
    "evidence_until": Text("valid until {day}", "有效期至{day}"),
    "officer": Text("Officer", "审查"),
    "sources": Text("Sources", "依据"),
    "doubt": Text("To check", "待核"),
    "confirmed_as": Text("Confirmed", "已核定"),
    "changed_from": Text("Confirmed; claimed: {outcome}", "核定；自评：{outcome}"),
    "only_claimed": Text("Claimed, not determined", "自评，尚未核定"),
    "set_to": Text("Set to “{outcome}”.", "改为“{outcome}”。"),
    "confirmed_said": Text("Confirmed as claimed.", "按自评予以核定。"),
    "points": Text("Points", "得分"),
    "not_answered_yet": Text("No answer.", "未作答。"),
    "stated_not_applicable": Text("Stated as not applicable", "申报为不适用"),
    "flag_dont_know": Text("Marked “don’t know yet”", "标记为“尚不清楚”"),
    "flag_come_back": Text("Marked “come back to this”", "标记为“稍后处理”"),
    "off_here": Text("Does not apply here", "本措施中不适用的要求"),
    "off_here_why": Text(
        "The reasons stand in “What does not apply, and why”.",
        "理由见“不适用的要求及理由”一章。",
    ),
    "nothing_applies": Text("No requirement of this measure applies.", "本措施没有适用的要求。"),
    "best_reached": Text("best practice reached", "达到最佳做法"),
    "best_missed": Text("below best practice", "低于最佳做法"),
    # Findings
    "findings": Text("Findings and corrective actions", "审查发现与整改"),
    "findings_note": Text(
        "What the officer found missing, until when the firm has to close it, and what it does "
        "about it.",
        "审查人员认定的缺项、整改期限以及企业的整改情况。",
    ),
    "own_actions": Text("Actions the firm took up by itself", "企业自行安排的整改"),
    "action": Text("Corrective action", "整改措施"),
    "no_action": Text("No corrective action yet.", "尚未安排整改措施。"),
    "owner": Text("Owner", "负责人"),
    "milestones": Text("Steps", "步骤"),
    "step_done": Text("done {day}", "{day}完成"),
    "closing_note": Text("What was done", "完成情况"),
    "action_open": Text("open", "待整改"),
    "action_in_progress": Text("in progress", "整改中"),
    "action_done": Text("done, to verify", "待核实"),
    "action_verified": Text("verified", "已核实"),
    "action_reopened": Text("reopened", "已重新打开"),
    "finding": Text("Finding", "发现"),
    "no_findings": Text("The officer raised no finding.", "审查人员未提出审查发现。"),
    "severity_major": Text("major", "重大"),
    "severity_minor": Text("minor", "轻微"),
    "missing": Text("What is missing", "缺项"),
    "close_by": Text("Close by", "整改期限"),
    "suggested": Text("Suggested action", "整改建议"),
    "more_findings": Text(
        "{count} more findings stand in the full report.", "另有{count}项，见完整报告。"
    ),
    # Open questions
    "open_questions": Text("What could not be determined", "无法判定的要求"),
    "open_questions_note": Text(
        "Each of these questions is open. Answering it settles the requirements beside it; until "
        "then they count nothing.",
        "以下问题尚未回答；回答后即可判定所列要求，在此之前不计分。",
    ),
    "question": Text("Question to answer", "待回答的问题"),
    "settles": Text("Requirements that wait for it", "等待该问题的要求"),
    # What does not apply
    "off": Text("What does not apply, and why", "不适用的要求及理由"),
    "off_note": Text(
        "Which requirements apply follows from the firm's roles and the facts it stated. Nothing "
        "is left out in silence.",
        "各项要求是否适用由企业角色及其陈述的事实得出，不作静默省略。",
    ),
    "off_claimed": Text(
        "Stated as not applicable, with the officer's decision", "企业申报不适用及审查结论"
    ),
    "off_by_facts": Text("Ruled out by the facts", "由事实排除"),
    "requirement": Text("Requirement", "要求"),
    "why": Text("Why", "理由"),
    "decision": Text("Decision", "结论"),
    "na_accepted": Text("Reason accepted", "理由成立"),
    "na_refused": Text("Refused: {outcome}", "不予认可：{outcome}"),
    "na_open": Text("Not decided yet", "尚未审查"),
    # Opportunities
    "opportunities": Text("Support the firm may claim", "企业可争取的支持"),
    "opportunities_note": Text(
        "Announced by the plan or granted by law. Counted and listed, not scored; none is a duty.",
        "由行动计划预告或法律规定，只计数和列出，不计分，均非义务。",
    ),
    "no_opportunities": Text(
        "No opportunity of the catalogue concerns this firm.", "目录中没有涉及本企业的支持机会。"
    ),
    # Evidence
    "evidence_index": Text("Evidence index", "证明材料索引"),
    "evidence_note": Text(
        "Each piece with the fingerprint of its bytes. One piece may serve several requirements.",
        "每件材料附文件指纹，一件材料可用于多项要求。",
    ),
    "no_evidence_at_all": Text("No evidence is attached.", "未附任何证明材料。"),
    "number": Text("No.", "编号"),
    "validity": Text("Valid", "有效期"),
    "from_until": Text("{start} – {end}", "{start}—{end}"),
    "no_start": Text("start not stated", "未注明生效日"),
    "no_end": Text("no end stated", "未注明失效日"),
    "used_for": Text("Used for", "用于"),
    "fingerprint": Text("SHA-256", "SHA-256"),
    "link": Text("link, not fingerprinted", "链接，无指纹"),
    # References
    "references": Text("Sources", "依据文件"),
    "references_note": Text(
        "What the requirements rest on. Texts that bind come first. Where a text or its article "
        "was not read, it says so.",
        "各项要求所依据的文件，有约束力的在前。未读到原文或条文的，均予注明。",
    ),
    "source": Text("Source", "文件"),
    "force": Text("Legal force", "效力"),
    "document_number": Text("Document number", "文号"),
    "not_verified": Text(
        "The official text was not read; check it before relying on it.",
        "未核对官方文本，引用前请核对原文。",
    ),
    # Method
    "method": Text("How the score is made", "得分如何计算"),
    "the_rules": Text("The rules", "规则"),
    "the_sum": Text("The sum of this submission", "本次提交的计算"),
    "sum_severity": Text("Severity", "程度"),
    "sum_weight": Text("Weight", "权重"),
    "sum_counts": Text("Requirements that count", "计分的要求"),
    "sum_points": Text("Points × weight", "得分点×权重"),
    "sum_of": Text("of", "满分"),
    "sum_total": Text("Total", "合计"),
    "sum_line": Text("{points} ÷ {weight} = {percent} %", "{points}÷{weight}＝{percent}%"),
    "sum_nothing": Text(
        "No requirement of this track counts, so there is no score.",
        "本类没有计分的要求，故无得分。",
    ),
    "sum_unreviewed": Text(
        "No determination was made yet, so there is no confirmed score.",
        "尚无核定结论，故无核定得分。",
    ),
    "undetermined_yet": Text("not determined yet", "尚未核定"),
    "bands": Text(
        "The bands, from duties only; the first that holds", "等级（仅依现行义务，取首个成立者）"
    ),
    "band_rule_not_ready": Text("a blocking duty is not met", "有阻断性义务不符合"),
    "band_rule_incomplete": Text(
        "a blocking duty is not answered or undetermined", "有阻断性义务未作答或待判定"
    ),
    "band_rule_ready": Text(
        "every blocking duty is met or not applicable, and the duty score is at least {ready} %",
        "全部阻断性义务符合或不适用，且义务得分不低于{ready}%",
    ),
    "band_rule_conditional": Text(
        "the duty score is at least {conditional} %", "义务得分不低于{conditional}%"
    ),
    "band_rule_else": Text("otherwise", "其余情形"),
    "trail": Text("End of the firm’s audit trail when asked for", "出具申请时企业审计日志末条"),
    "trail_event": Text("event {sequence}, SHA-256 {hash}", "第{sequence}条，SHA-256 {hash}"),
    "checked_up_to": Text("Rules checked up to", "规则核对截至"),
    # Attestation
    "attestation": Text("Attestation and decision", "声明与审查结论"),
    "attested": Text("Attested and submitted", "声明并提交"),
    "reviewed": Text("Reviewed", "审查"),
    "not_reviewed": Text("Not reviewed yet.", "尚未审查。"),
    "not_attested": Text(
        "Not attested: this is a preview of a draft. It was not submitted, it may change at any "
        "time, and nobody can check it.",
        "未经声明：本文件为草稿预览，尚未提交，内容可随时变更，无法核验。",
    ),
    "decision_withdrawn": Text("Withdrawn by the firm", "企业撤回"),
    "decision_accepted": Text("Accepted", "接受"),
    "decision_returned": Text("Returned to the firm", "退回企业"),
    "no_decision": Text("No decision yet.", "尚无结论。"),
    "statement_of_firm": Text("The firm's statement", "企业声明"),
    "statement_of_officer": Text("The officer's statement", "审查人员意见"),
    "attached": Text("Attached to this file", "本文件所附数据"),
    "attached_note": Text(
        "submission.json, whose SHA-256 is the digest above, review.json, and both as OSCAL",
        "submission.json（其SHA-256即上述摘要值）、review.json，以及两者的OSCAL格式文件",
    ),
    "attached_submission": Text("The submission, as it was frozen", "提交时固定的全部内容"),
    "attached_review": Text("The review, as it stood", "出具时的审查状态"),
    "attached_oscal": Text("Both as OSCAL assessment results", "二者的OSCAL评估结果"),
    "notice": Text("What this report is not", "重要说明"),
    # Outcomes, as they stand alone
    "met": Text("Met", "符合"),
    "partly_met": Text("Partly met", "部分符合"),
    "not_met": Text("Not met", "不符合"),
    "not_answered": Text("Not answered", "未作答"),
    "undetermined": Text("Undetermined", "待判定"),
    "not_applicable": Text("Not applicable", "不适用"),
    "met_means": Text("counts in full", "计满分"),
    "partly_met_means": Text("counts half", "计一半分"),
    "not_met_means": Text("counts nothing", "计零分"),
    "not_answered_means": Text("counts nothing", "计零分"),
    "undetermined_means": Text("a fact is missing; counts nothing", "缺少事实，计零分"),
    "not_applicable_means": Text("leaves the sum, with a reason", "不计入总和，须有理由"),
    "opportunity_met": Text("Ready to claim", "可申报"),
    "opportunity_partly_met": Text("In preparation", "准备中"),
    "opportunity_not_met": Text("Not pursued", "未开展"),
    "blocking": Text("blocking", "阻断性"),
    "comma": Text(", ", "、"),
    "clause": Text(", ", "，"),
    "semicolon": Text("; ", "；"),
    "colon": Text(": ", "："),
    "stop": Text(". ", "。"),
    "open_bracket": Text(" (", "（"),
    "close_bracket": Text(")", "）"),
    "percent": Text(" %", "%"),
}
