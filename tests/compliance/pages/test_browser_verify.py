"""The public check in a browser: the file is compared without being sent."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from compliance import clock
from compliance.models import Membership, Report, Submission
from compliance.services.reports import request_report
from tests.compliance.pages.browser import faults_of
from tests.factories import PDF

pytestmark = pytest.mark.browser


def test_the_fingerprint_is_computed_in_the_browser_and_the_file_stays_there(
    live_server: LiveServer,
    page: Page,
    light_submission: Submission,
    ada: Membership,
    tmp_path: Path,
) -> None:
    report = request_report(submission=light_submission, kind="full", lang="en", by=ada)
    sha256 = hashlib.sha256(PDF).hexdigest()
    Report.objects.filter(pk=report.pk).update(
        status="ready", sha256=sha256, pages=38, finished_at=clock.now()
    )
    genuine, changed = tmp_path / "genuine.pdf", tmp_path / "changed.pdf"
    genuine.write_bytes(PDF)
    changed.write_bytes(PDF + b" ")
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))

    page.goto(f"{live_server.url}/verify/{report.code}/")
    expect(page.get_by_text("the file does not leave this device")).to_be_visible()
    page.set_input_files("#file", str(genuine))
    page.wait_for_url(f"**/?sha256={sha256}")
    expect(page.get_by_role("heading", name="Genuine", exact=True)).to_be_visible()
    assert faults_of(page) == []
    # Dropped, and without a code.
    page.goto(f"{live_server.url}/verify/")
    page.evaluate(
        """text => {
          const data = new DataTransfer();
          data.items.add(new File([text], "a.pdf", {type: "application/pdf"}));
          document.querySelector(".th-drop").dispatchEvent(
            new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        "never issued",
    )
    page.wait_for_url(f"**/?sha256={hashlib.sha256(b'never issued').hexdigest()}")
    expect(page.get_by_role("heading", name="Not genuine")).to_be_visible()
    page.goto(f"{live_server.url}/verify/{report.code}/")
    page.set_input_files("#file", str(changed))
    page.wait_for_url("**/?sha256=*")
    expect(page.get_by_text(f"not the file that was issued as {report.code}")).to_be_visible()
    assert {request.method for request in sent} == {"GET"}
