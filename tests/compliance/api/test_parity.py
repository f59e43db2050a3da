"""Whatever a page does, a call of the API does too, or it says here why there is none."""

from __future__ import annotations

from compliance.api.docs import description
from compliance.pages.urls import urlpatterns
from tests.compliance.test_access import TABLE

# The page by its name → the calls that do the same; or one sentence that says why none does.
PAGES: dict[str, tuple[str, ...] | str] = {
    "home": ("listFirms",),
    "firm_register": ("createFirm",),
    "firm_home": (
        "getFirm",
        "listAssessments",
        "getAssessment",
        "listChanges",
        "listCorrectiveActions",
    ),
    "firm_people": ("listMembers", "listInvitations", "invite"),
    "firm_person": ("getMember", "changeRole", "removeMember"),
    "invitation_change": ("resendInvitation", "revokeInvitation"),
    "invitation": "The link of a letter, opened by a person who has no token yet.",
    "assessment_start": ("createAssessment", "listCatalogues"),
    "assessment_tasks": ("listRows", "getAssessment", "listDelegations"),
    "assessment_check": ("listProblems",),
    "assessment_submissions": ("listSubmissions",),
    "assessment_facts": ("getFacts", "saveFacts"),
    "assessment_submit": ("submitAssessment",),
    "assessment_settings": ("renameAssessment",),
    "assessment_archive": ("archiveAssessment",),
    "requirement": ("getAnswer", "getRequirement", "listEvidence", "listComments"),
    "answer_save": ("saveAnswer", "saveAnswers"),
    "assessment_trace": ("traceAssessment",),
    "submission_trace": ("traceSubmission",),
    "firm_compare": ("compare",),
    "delegation": ("listDelegations", "delegate", "withdrawDelegations"),
    "carried_confirm": ("confirmCarriedOver",),
    "requirement_live": ("listChanges",),
    "requirement_delegate": ("delegate", "withdrawDelegations"),
    "requirement_discussion": ("getDiscussion", "askForDiscussion", "resolveDiscussion"),
    "comment_add": ("addComment",),
    "comment_change": ("getComment", "editComment", "removeComment", "restoreComment"),
    "evidence_attach": ("attachEvidence", "attachExistingEvidence"),
    "evidence_detach": ("detachEvidence",),
    "evidence_download": ("downloadEvidence",),
    "evidence_library": ("listLibrary", "addEvidence"),
    "evidence_piece": ("getEvidence", "editEvidence", "listPlaces"),
    "evidence_replace": ("replaceEvidence",),
    "evidence_places": ("setPlaces",),
    "evidence_remove": ("removeEvidence",),
    "evidence_preview": "A picture for the browser; a program downloads the file itself.",
    "workbook": ("downloadWorkbook", "uploadWorkbook"),
    "workbook_download": ("downloadWorkbook",),
    "workbook_preview": ("previewWorkbook", "applyWorkbook"),
    "audit_trail": ("listTrail", "listChanges"),
    "firm_trail": ("listFirmTrail",),
    "trail_check": ("checkTrail",),
    "trail_csv": ("exportTrail",),
    "trail_json": ("exportTrail",),
    "notifications": ("listNotifications",),
    "notifications_read": ("markRead",),
    "notification_preferences": ("getPreferences", "savePreferences"),
    "desk": ("listQueue",),
    "submission": ("getSubmission", "listFindings", "listQuestions"),
    "submission_withdraw": ("withdrawSubmission",),
    "submission_assign": ("assignReview",),
    "review": ("getSubmission", "listQueue"),
    "review_requirement": ("getDetermination", "recordDetermination", "raiseFinding"),
    "review_confirm": ("confirmRemaining",),
    "review_return": ("returnSubmission",),
    "review_accept": ("acceptSubmission",),
    "review_presence": "Which colleague has the same page open; a program has no page open.",
    "review_question": ("askQuestion",),
    "question_answer": ("answerQuestion", "getQuestion"),
    "firm_actions": ("listCorrectiveActions",),
    "firm_actions_add": ("addCorrectiveAction",),
    "firm_actions_export": ("exportCorrectiveActions",),
    "corrective_action": ("getCorrectiveAction", "updateCorrectiveAction"),
    "corrective_action_move": ("updateCorrectiveAction",),
    "corrective_action_evidence": ("attachClosingEvidence", "attachClosingPiece"),
    "corrective_action_evidence_remove": ("detachClosingPiece",),
    "reports": ("listReports", "requestReport", "exportSubmission", "downloadEvidenceBundle"),
    "report_status": ("getReport",),
    "report_download": ("downloadReport",),
    "report_retry": ("retryReport",),
    "report_cancel": ("cancelReport",),
    "previews": "A preview of the report is for the eyes of whoever is still writing.",
    "preview_status": "A preview of the report is for the eyes of whoever is still writing.",
    "preview_download": "A preview of the report is for the eyes of whoever is still writing.",
    "verify": ("verifyReport",),
    "verify_code": ("verifyReport",),
    "verify_certificate": "A file for readers of PDFs, open to everybody as the check is.",
    "firm_naming": ("nameFirmInChecks",),
    "scoring": ("getCatalogue",),
    "keyboard": "The keys of the pages.",
    "catalogue": ("listRequirements", "getCatalogue"),
    "catalogue_measure": ("getCatalogue", "listRequirements"),
    "catalogue_requirement": ("getRequirement",),
    "catalogue_reference": ("listReferences", "getReference"),
    "framework": ("getCatalogue", "listRequirements"),
    "framework_measure": ("getCatalogue", "listRequirements"),
    "framework_requirement": ("getRequirement",),
    "framework_reference": ("listReferences", "getReference"),
    "catalogue_glossary": ("getGlossary",),
    "catalogue_regions": ("getRegions",),
    "assessment_regions": ("getFirmPlans",),
    "assessment_edition": ("getEdition",),
    "assessment_edition_move": ("moveEdition",),
    "assessment_edition_undo": ("undoMove",),
    "tokens": ("listTokens", "createToken"),
    "token_revoke": ("revokeToken",),
    "firm_webhooks": ("listWebhooks", "createWebhook"),
    "webhook": ("getWebhook", "listDeliveries"),
    "webhook_change": ("pauseWebhook", "resumeWebhook", "pingWebhook", "removeWebhook"),
    "webhook_replay": ("replayDelivery",),
    "set_language": ("getMe", "updateMe"),
    "set_theme": "A colour scheme, kept in the browser's own cookie.",
    "healthz": "Outside the API by contract.",
    "readyz": "Outside the API by contract.",
}
# What no page does: taking an assessment to another installation, and back.
BEYOND_THE_PAGES = {"exportAssessment", "importAssessment"}

ONLY_COMPARED = {"verify", "verify_code"}  # a file is sent there, and nothing changes


def operations() -> set[str]:
    paths = description()["paths"].values()
    return {call["operationId"] for calls in paths for call in calls.values()}


def test_every_page_has_its_calls_or_a_reason() -> None:
    assert {pattern.name for pattern in urlpatterns} - set(PAGES) == set()
    named = {name for calls in PAGES.values() if isinstance(calls, tuple) for name in calls}
    known = operations()
    assert named - known == set()
    assert known - named == BEYOND_THE_PAGES


def test_what_changes_something_on_a_page_changes_it_through_the_api() -> None:
    """A page that takes a POST names a call that is no mere reading."""
    writing = {
        call["operationId"]
        for calls in description()["paths"].values()
        for method, call in calls.items()
        if method != "get"
    }
    for name, page in TABLE.items():
        calls = PAGES.get(name, ())
        if page.post is not None and not isinstance(calls, str) and name not in ONLY_COMPARED:
            assert writing & set(calls), name
