"""What a person chooses for themselves, in whatever firm."""

from __future__ import annotations

from django.conf import settings

from compliance.models import User


def keep_language(user: User, language: str) -> None:
    """Pages and letters speak this language to the person; one we do not speak changes nothing."""
    if language in dict(settings.LANGUAGES) and language != user.language:
        user.language = language
        user.save(update_fields=["language"])
