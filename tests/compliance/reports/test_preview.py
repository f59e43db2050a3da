"""The preview of a draft: marked, without a code, for those who write, gone after a day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pikepdf
import pytest

from compliance import clock
from compliance.errors import NotPermitted, TransitionNotAllowed
from compliance.models import AuditEvent, Membership, Preview, Report
from compliance.reports import preview as job
from compliance.reports.process import Job, Made, RenderFailed
from compliance.reports.words import words
from compliance.services.previews import request_preview
from tests import factories
from tests.compliance.reports.reading import squeezed, text_of

pytestmark = pytest.mark.django_db


def ask(ada: Membership, lang: str = "en") -> Preview:
    return request_preview(
        assessment=factories.answered(ada, ada), kind="summary", lang=lang, by=ada
    )


def test_a_draft_is_marked_on_every_page_and_nobody_can_check_it(
    ada: Membership, tmp_path: Path
) -> None:
    found = ask(ada, "both")
    assert (
        request_preview(assessment=found.assessment, kind="summary", lang="both", by=ada) == found
    )
    job.build_preview(found.pk)
    found.refresh_from_db()
    assert (found.status, found.progress, found.attempts) == (Report.Status.READY, 100, 1)
    path = tmp_path / "preview.pdf"
    path.write_bytes(found.file.read())
    said = words("en")
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == found.pages
        assert not pdf.attachments
        assert "/AcroForm" not in pdf.Root  # not signed
        for number in range(1, len(pdf.pages) + 1):
            page = squeezed(text_of(path, number))
            assert said["mark_draft"] in page, number
            assert words("zh-hans")["mark_draft"] in page, number
    text = text_of(path)
    for absent in ("code", "digest", "check_at", "attached", "attested"):
        assert squeezed(said[absent]) not in squeezed(text), absent
    assert squeezed(said["not_attested"]) in squeezed(text)
    assert not Report.objects.exists()
    assert AuditEvent.objects.filter(action="preview.requested").count() == 1


def test_only_who_writes_the_draft_previews_it(
    ada: Membership, vera: Membership, cleo: Membership
) -> None:
    draft = factories.answered(ada, ada)
    for reader in (vera, cleo):
        with pytest.raises(NotPermitted):
            request_preview(assessment=draft, kind="full", lang="en", by=reader)
    factories.submitted(draft, ada)
    draft.refresh_from_db()
    with pytest.raises(TransitionNotAllowed):
        request_preview(assessment=draft, kind="full", lang="en", by=ada)


def test_a_preview_that_cannot_be_made_fails_with_a_reason_after_three_attempts(
    ada: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ask(ada, "both")

    def refuse(order: Job, output: Path, *rest: object) -> Made:
        assert order.code == ""
        raise RenderFailed(RenderFailed.TOO_LONG)

    monkeypatch.setattr(job, "render_in_child", refuse)
    for _attempt in range(4):
        job.build_preview(found.pk)
    found.refresh_from_db()
    assert (found.status, found.attempts) == (Report.Status.FAILED, 3)
    assert found.error.startswith("Making the report took longer")


def test_a_preview_whose_message_was_lost_is_asked_for_again_and_an_old_one_is_removed(
    ada: Membership,
) -> None:
    found = ask(ada)
    assert job.waiting_previews() == []
    Preview.objects.update(requested_at=clock.now() - timedelta(minutes=5))
    assert job.waiting_previews() == [found.pk]
    assert job.waiting_previews() == []  # not with every sweep
    job.forget_previews()
    assert Preview.objects.exists()
    Preview.objects.update(requested_at=clock.now() - timedelta(days=1, minutes=1))
    job.forget_previews()
    assert not Preview.objects.exists()
