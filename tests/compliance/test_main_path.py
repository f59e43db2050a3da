"""The whole path, once, through the pages: from signing in to the PDF that is open."""

from __future__ import annotations

import subprocess
from datetime import date
from pathlib import Path

import pikepdf
import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from checklists.engine.model import Applicability
from compliance.demo import meeting_value
from compliance.models import (
    Answer,
    Assessment,
    AuditEvent,
    Firm,
    Membership,
    Report,
    Submission,
)
from compliance.selectors.evaluation import evaluation_of
from compliance.selectors.facts import NONE
from compliance.services.answers import save_answer
from compliance.services.evidence import attach_evidence
from compliance.services.review import confirm_remaining
from tests import factories
from tests.compliance.pages.browser import faults_of

pytestmark = [pytest.mark.browser, pytest.mark.worker]

YES_NO = "cnsa.m01.research_call_watch"
NUMBER = "cnsa.m07.orbit_lifetime_after_mission"
KIND = "orbit_lifetime_analysis"
DUTY = "cnsa.m16.frequency_permit_in_force"
BY_PAGE = {YES_NO, NUMBER, DUTY}
TITLE = "DO-9 全程 campaign"
REPORT_LIMIT_MS = 180_000


def sign_in(page: Page, site: LiveServer, member: Membership) -> None:
    page.context.clear_cookies()
    page.goto(f"{site.url}/account/login/")
    page.get_by_label("Work email").fill(member.user.email)
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/account/login/" not in url)


def requires_no_repair(page: Page) -> None:
    """No accessibility fault on the page as it is now."""
    assert faults_of(page) == [], page.url


def open_requirement(page: Page, site: LiveServer, assessment: Assessment, name: str) -> None:
    page.goto(site.url + reverse("requirement", args=[assessment.pk, name]))


def start(page: Page, site: LiveServer, firm: Firm) -> Assessment:
    """Start an assessment on the page of the firm."""
    page.goto(site.url + reverse("assessment_start", args=[firm.pk]))
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Judged as of").fill(factories.AS_OF.isoformat())
    page.get_by_role("button", name="Start and answer the facts").click()
    expect(page.get_by_text("Choose at least one thing that the firm does.").first).to_be_visible()
    expect(page.get_by_label("Title")).to_have_value(TITLE)  # nothing typed is lost
    page.locator('input[name="roles"][value="satellite_operator"]').check()
    page.get_by_role("button", name="Start and answer the facts").click()
    page.wait_for_url("**/facts/**")
    return Assessment.objects.get(title=TITLE)


def state_facts(page: Page, site: LiveServer) -> None:
    """Group by group; what follows from an answer appears while one answers."""
    for _group in range(20):
        if "/facts/" not in page.url:
            return
        for name, value in factories.FACTS.items():
            state_fact(page, name, value)
        page.locator('button[name="next"]').click()
        page.wait_for_load_state()
    raise AssertionError("The facts never end.")


def state_fact(page: Page, name: str, value: object) -> None:
    fields = page.locator(f'input[name="{name}"]')
    visible = [field for field in fields.all() if field.is_visible()]
    if not visible or name == "firm.roles":
        return
    if isinstance(value, bool):
        value = "yes" if value else "no"
    choices = value if isinstance(value, list) else [value]
    for choice in choices or [NONE]:
        field = page.locator(f'input[name="{name}"][value="{choice}"]')
        kind = visible[0].get_attribute("type")
        with page.expect_response(lambda answer: answer.request.method == "POST") as saved:
            if kind in {"radio", "checkbox"}:
                field.first.check()
            else:
                visible[0].fill(str(choice))
                visible[0].blur()
        assert saved.value.ok, (name, choice)
        page.wait_for_timeout(50)  # htmx swaps what follows


def answer_the_rest(assessment: Assessment, by: Membership) -> None:
    """What is not answered on the pages here, by the services the pages call."""
    state = evaluation_of(assessment)
    for name, row in state.evaluation.rows.items():
        if row.applicability is not Applicability.APPLIES or name in BY_PAGE:
            continue
        requirement = state.catalogue.requirements[name]
        save_answer(
            assessment=assessment,
            requirement_id=name,
            value=meeting_value(state.catalogue, requirement),
            base_version=0,
            by=by,
        )
        for spec in requirement.evidence:
            if spec.required:
                attach_evidence(
                    assessment=assessment,
                    requirement_id=name,
                    kind=spec.kind,
                    upload=factories.pdf(f"{spec.kind}.pdf"),
                    expires_on=date(2040, 1, 1),
                    by=by,
                )


def answer_on_pages(page: Page, site: LiveServer, assessment: Assessment, tmp_path: Path) -> None:
    open_requirement(page, site, assessment, NUMBER)
    value = page.locator("#value")
    value.fill("banana")
    value.blur()
    expect(page.locator("#value-error")).to_contain_text("Write a number, in years.")
    value.fill("4.2")
    value.blur()
    expect(page.locator("#outcome")).to_contain_text("Partly met")  # its evidence is missing
    expect(page.locator("#value-error")).to_be_hidden()

    false_pdf = tmp_path / "false.pdf"
    false_pdf.write_text("<html>", encoding="ascii")
    page.get_by_label("Choose a file").set_input_files(false_pdf)
    page.get_by_role("button", name="Attach", exact=True).click()
    expect(page.get_by_text("is not a readable PDF file").first).to_be_visible()
    true_pdf = tmp_path / "寿命 analysis.pdf"
    true_pdf.write_bytes(factories.PDF)
    page.get_by_label("Choose a file").set_input_files(true_pdf)
    page.locator("#kind").select_option(KIND)
    page.get_by_role("button", name="Attach", exact=True).click()
    expect(page.get_by_text("寿命 analysis.pdf").first).to_be_visible()
    expect(page.locator("#outcome")).not_to_contain_text("Partly met")
    expect(page.locator("#value")).to_have_value("4.2")
    requires_no_repair(page)

    open_requirement(page, site, assessment, YES_NO)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator('input[name="value"][value="yes"]').check()
    expect(page.locator("#outcome")).to_contain_text("Met")
    page.locator("#note").fill("Minutes of 2026-10-02.")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator("#note").blur()


def submit(page: Page, site: LiveServer, assessment: Assessment) -> Submission:
    """One problem stops it; its link leads to the cure."""
    page.goto(site.url + reverse("assessment_check", args=[assessment.pk]))
    problems = page.locator("#problems")
    expect(problems).to_contain_text("1 problem stops the submission")
    requires_no_repair(page)
    page.get_by_label("Position").fill("Head of compliance")
    page.locator("#attest").check()
    page.get_by_role("button", name="Attest and submit").click()
    expect(problems).to_contain_text("1 problem stops the submission")
    expect(page.get_by_label("Position")).to_have_value("Head of compliance")
    problems.get_by_role("link").first.click()
    page.wait_for_url("**/requirements/**")
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.locator('input[name="value"][value="partly"]').check()

    page.goto(site.url + reverse("assessment_check", args=[assessment.pk]))
    expect(page.get_by_text("Nothing stops the submission.")).to_be_visible()
    page.get_by_label("Your full name").fill("Ada Li")
    page.get_by_label("Position").fill("Head of compliance")
    page.get_by_label("Statement to the officer").fill("一切属实。Checked.")
    page.locator("#attest").check()
    page.get_by_role("button", name="Attest and submit").click()
    page.wait_for_url("**/submissions/*/")
    return Submission.objects.select_related("assessment__firm").get()


def review(page: Page, site: LiveServer, submission: Submission, cleo: Membership) -> None:
    expect(page.get_by_role("link", name=TITLE).first).to_be_visible()  # the desk
    requires_no_repair(page)
    page.goto(site.url + reverse("review_requirement", args=[submission.pk, DUTY]))
    page.locator('input[name="outcome"][value="not_met"]').check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Say why").first).to_be_visible()
    page.get_by_label("Comment to the firm").fill("许可证缺失。The permit is missing.")
    page.locator("details", has_text="Raise a finding").first.evaluate("box => box.open = true")
    page.locator('input[name="finding"]').check()
    page.get_by_label("How serious").select_option("major")
    page.get_by_label("What is missing").fill("The frequency permit itself.")
    page.get_by_label("To be closed by").fill("2030-01-31")
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_text("Saved.").first).to_be_visible()
    requires_no_repair(page)
    confirm_remaining(submission=submission, by=cleo)
    page.goto(site.url + reverse("review_accept", args=[submission.pk]))
    page.get_by_label("Statement").fill("Reviewed.")
    page.locator('input[name="signed"]').check()
    page.get_by_role("button", name="Accept it").click()
    page.wait_for_url("**/submissions/*/")
    expect(page.get_by_text("Accepted").first).to_be_visible()


def fetch_report(page: Page, site: LiveServer, submission: Submission, folder: Path) -> Path:
    """Ask for it, watch it come without touching the page, download it."""
    page.goto(site.url + reverse("reports", args=[submission.pk]))
    page.get_by_role("button", name="Make the report").click()
    link = page.locator('a[href$="/download/"]')
    link.wait_for(timeout=REPORT_LIMIT_MS)
    requires_no_repair(page)
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".pdf")
    target = folder / "report.pdf"
    download.value.save_as(target)
    return target


def test_from_signing_in_to_the_report(
    page: Page,
    live_server: LiveServer,
    worker: subprocess.Popen[bytes],
    firm: Firm,
    ada: Membership,
    ben: Membership,
    cleo: Membership,
    tmp_path: Path,
) -> None:
    sign_in(page, live_server, ada)
    assessment = start(page, live_server, firm)
    requires_no_repair(page)
    state_facts(page, live_server)
    assessment.refresh_from_db()
    stated = {name: v for name, v in assessment.facts.items() if v is not None}
    assert stated["mission.orbits"] == ["leo"]
    assert stated["mission.launch_window_until"] == "2027-03-26"
    assert evaluation_of(assessment).open_facts == []

    answer_the_rest(assessment, ben)
    sign_in(page, live_server, ben)
    page.goto(live_server.url + reverse("assessment_tasks", args=[assessment.pk]))
    requires_no_repair(page)
    answer_on_pages(page, live_server, assessment, tmp_path)
    answer = Answer.objects.get(assessment=assessment, requirement=YES_NO)
    assert (answer.value, answer.note) == ("yes", "Minutes of 2026-10-02.")

    sign_in(page, live_server, ada)
    submission = submit(page, live_server, assessment)
    assert submission.content["attestation"]["name"] == "Ada Li"

    sign_in(page, live_server, cleo)
    review(page, live_server, submission, cleo)
    submission.refresh_from_db()
    assert submission.decision == "accepted"
    assert submission.findings.get().due_on == date(2030, 1, 31)

    sign_in(page, live_server, ada)
    file = fetch_report(page, live_server, submission, tmp_path)
    report = Report.objects.get()
    with pikepdf.open(file) as pdf:
        assert len(pdf.pages) == report.pages
        assert 10 < len(pdf.pages) < 120
    text = subprocess.run(
        ["pdftotext", file, "-"], capture_output=True, text=True, check=True
    ).stdout
    plain = " ".join(text.split())
    for said in (
        "Demo Orbital Co.",
        "Ada Li",
        "The permit is missing.",
        "The frequency permit itself.",
        report.code,
        "Minutes of 2026-10-02.",
    ):
        assert said in plain, said
    assert "许可证缺失" in plain.replace(" ", "")

    page.context.clear_cookies()  # anybody can check it
    page.goto(live_server.url + reverse("verify_code", args=[report.code]))
    expect(page.get_by_text(report.code).first).to_be_visible()
    page.locator('input[type="file"]').set_input_files(file)
    page.get_by_role("button", name="Compare the file").click()
    expect(page.get_by_text(report.sha256[:8]).first).to_be_visible()
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"assessment.submitted", "assessment.accepted", "report.ready"} <= actions


@pytest.fixture
def plain_page(chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> Page:
    """A browser that runs no script."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    context = chromium.new_context(java_script_enabled=False, locale="en-GB")
    context.set_default_timeout(15_000)
    return context.new_page()


def test_answering_and_submitting_work_without_javascript(
    plain_page: Page,
    live_server: LiveServer,
    firm: Firm,
    ada: Membership,
    ben: Membership,
) -> None:
    page = plain_page
    assessment = factories.draft(ada)
    answer_the_rest(assessment, ben)
    for name in (NUMBER, YES_NO):
        save_answer(
            assessment=assessment, requirement_id=name, flag="dont_know", base_version=0, by=ben
        )
    sign_in(page, live_server, ada)
    open_requirement(page, live_server, assessment, DUTY)
    page.locator('input[name="value"][value="yes"]').check()
    page.locator("#note").fill("Without a script.")
    page.get_by_role("button", name="Save", exact=True).last.click()
    page.wait_for_load_state()
    answer = Answer.objects.get(assessment=assessment, requirement=DUTY)
    assert (answer.value, answer.note) == ("yes", "Without a script.")

    page.goto(live_server.url + reverse("assessment_check", args=[assessment.pk]))
    page.get_by_label("Position").fill("Head of compliance")
    page.locator("#attest").check()
    page.get_by_role("button", name="Attest and submit").click()
    page.wait_for_url("**/submissions/*/")
    assert Submission.objects.get().assessment == assessment
    page.context.close()
