"""`manage.py report`, on a submission that the services made."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from compliance.models import Report, Submission
from tests.compliance.reports.reading import text_of


@pytest.mark.django_db
def test_the_command_writes_the_report_of_a_submission_and_records_nothing(
    submission: Submission, tmp_path: Path
) -> None:
    out, said = tmp_path / "report.pdf", StringIO()
    call_command(
        "report",
        str(submission.pk),
        "--lang",
        "zh-hans",
        "--kind",
        "summary",
        "--out",
        str(out),
        stdout=said,
    )
    assert "合规准备度报告" in text_of(out)
    assert "pages" in said.getvalue()
    assert not Report.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["nonsense", "00000000-0000-4000-8000-000000000009"])
def test_the_command_says_what_it_did_not_find(given: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No submission has the id"):
        call_command("report", given, "--out", str(tmp_path / "report.pdf"))


@pytest.mark.django_db
def test_the_command_asks_for_a_folder_that_exists(submission: Submission, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="does not exist"):
        call_command("report", str(submission.pk), "--out", str(tmp_path / "no" / "report.pdf"))
