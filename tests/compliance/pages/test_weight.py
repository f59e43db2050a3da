"""What a page weighs on its way: with everything it loads at first, and by itself after that."""

from __future__ import annotations

import gzip
import re

from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from compliance.models import Assessment, Membership

FIRST, AFTER = 400_000, 40_000
GZIP = {"Accept-Encoding": "gzip"}


def test_pages_are_light_at_first_and_lighter_after(
    client: Client, answered_assessment: Assessment, ada: Membership
) -> None:
    client.force_login(ada.user)
    draft = answered_assessment.pk
    for address in (
        reverse("firm_home", args=[ada.firm_id]),
        reverse("assessment_tasks", args=[draft]),
        reverse("requirement", args=[draft, "cnsa.m07.orbit_lifetime_after_mission"]),
        reverse("assessment_check", args=[draft]),
        reverse("assessment_trace", args=[draft]),
        reverse("catalogue"),
    ):
        page = client.get(address, headers=GZIP)
        assert page["Content-Encoding"] == "gzip", address
        assert len(page.content) < AFTER, address
        text = gzip.decompress(page.content).decode()
        loaded = set(re.findall(r'(?:src|href)="/static/([^"#?]+)', text))
        assert "vendor/tabler/icons.svg" in loaded
        weights = [len(page.content)]
        for name in loaded:
            path = finders.find(name)
            assert path, name
            with open(path, "rb") as file:
                weights.append(len(gzip.compress(file.read())))
        assert sum(weights) < FIRST, (address, weights)


def test_only_pages_are_compressed(client: Client, ada: Membership) -> None:
    client.force_login(ada.user)
    for address in ("/healthz", reverse("catalogue") + "?part=nothing"):
        sent = client.get(address, headers=GZIP)
        is_page = sent["Content-Type"].startswith("text/html")
        assert ("Content-Encoding" in sent.headers) is is_page, address
