"""A report's row at hand, with content made from the real catalogue."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any

import pytest

from compliance.models import Assessment, Firm, Report, Submission
from tests.compliance.reports.factory import make, review_of

ASKED_AT = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)


@functools.cache
def _content() -> dict[str, Any]:
    return make().content


@pytest.fixture(scope="session")
def content() -> dict[str, Any]:
    """Frozen content with every kind of row; shared, so not to be changed."""
    return _content()


def small(content: dict[str, Any], rows: int = 4) -> dict[str, Any]:
    """The same content with a few requirements only: renders in a moment."""
    kept = content["requirements"][:rows]
    names = {row["requirement"] for row in kept}
    cited = {citation["id"] for row in kept for citation in row["citations"]}
    return content | {
        "requirements": kept,
        "evidence": [e for e in content["evidence"] if names & set(e["requirements"])],
        "references": {name: content["references"][name] for name in sorted(cited)},
    }


def stored_report(content: dict[str, Any], **fields: Any) -> Report:
    """A report somebody asked for, of a submission with this content."""
    firm = Firm.objects.create(name="Demo Orbital Co.")
    assessment = Assessment.objects.create(
        firm=firm, title="Example-1", as_of="2026-11-01", catalogue_edition="2026.11"
    )
    submission = Submission.objects.create(
        assessment=assessment,
        number=1,
        content=content,
        digest="5a" * 32,
        band="ready",
        submitted_at=ASKED_AT,
    )
    values: dict[str, Any] = {
        "kind": "summary",
        "lang": "en",
        "review": review_of(content, "in_review"),
        "source_digest": "0" * 64,
        "code": "TH-7K3M-9Q2X-4DHP",
        "requested_at": ASKED_AT,
    }
    return Report.objects.create(submission=submission, **(values | fields))


@pytest.fixture
def report(db: None, content: dict[str, Any]) -> Report:
    """A summary in English that waits to be made."""
    return stored_report(small(content))
