"""What the tests of pages share."""

from __future__ import annotations

from compliance.models import Submission


def claimed(submission: Submission, outcome: str) -> list[str]:
    """The requirements with this claimed outcome that apply, in order."""
    return [
        row["requirement"]
        for row in submission.content["requirements"]
        if row["outcome"] == outcome and row["applicability"] == "applies"
    ]
