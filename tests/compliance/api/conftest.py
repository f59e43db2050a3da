"""Callers of the API, and attempts that are not counted over the end of a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django import Settings

from compliance.models import Membership
from tests.compliance.api.calls import Api, api_of


@pytest.fixture(autouse=True)
def forgotten_attempts() -> None:
    """The cache that counts attempts outlives a test."""
    cache.clear()


@pytest.fixture
def own_storage(settings: Settings, tmp_path: Path) -> None:
    """Files of the test in a folder of the test."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path)},
        },
    }


@pytest.fixture
def manager(ada: Membership) -> Api:
    return api_of(ada.user)


@pytest.fixture
def contributor(ben: Membership) -> Api:
    return api_of(ben.user)


@pytest.fixture
def officer(cleo: Membership) -> Api:
    return api_of(cleo.user)


@pytest.fixture
def viewer(vera: Membership) -> Api:
    return api_of(vera.user)


@pytest.fixture
def foreigner(dov: Membership) -> Api:
    return api_of(dov.user)
