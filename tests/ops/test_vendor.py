"""The icon sprite: every icon that a page names is in it, and a wrong name stops the build."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.project import SetupError
from tools.vendor import (
    STYLESHEET,
    build_sprite,
    icon_sources,
    possible_icons,
    stylesheet,
    used_icons,
)

DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
    '<path stroke="none" d="M0 0h24v24H0z" fill="none" /><path d="M6 9l4 4" /></svg>'
)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for folder in ("templates", "compliance", "icons"):
        (tmp_path / folder).mkdir()
    return tmp_path


def names_in(clone: Path) -> set[str]:
    return set(used_icons(icon_sources(clone)))


@pytest.mark.parametrize(
    "text",
    [
        '{% icon "gavel" %}',
        "{%icon 'gavel' class='big' %}",
        '<svg><use href="/static/vendor/tabler/icons.svg#gavel"></use></svg>',
        """<use href="{% static 'vendor/tabler/icons.svg' %}#gavel">""",
        '{% include "_note.html" with icon="gavel" %}',
    ],
)
def test_an_icon_named_in_a_template_is_found(clone: Path, text: str) -> None:
    (clone / "templates" / "page.html").write_text(text)
    assert names_in(clone) == {"gavel"}


@pytest.mark.parametrize(
    "text",
    [
        'ICONS = {"duty": "gavel"}',
        'status_icon: str = "gavel"',
        'Band(icon="gavel")',
        'row = {"icon": "gavel"}',
        'icon = "gavel" if ready else "gavel"',
        'TRACK_ICONS: Final = {Track.DUTY: ("gavel",)}',
    ],
)
def test_an_icon_named_in_python_is_found(clone: Path, text: str) -> None:
    (clone / "compliance" / "page.py").write_text(text)
    assert names_in(clone) == {"gavel"}


def test_other_strings_are_no_icons(clone: Path) -> None:
    (clone / "compliance" / "page.py").write_text('title = "gavel"; ICONS = {"gavel": get()}')
    assert names_in(clone) == set()


def test_an_icon_that_reaches_a_template_through_a_variable_is_in_the_sprite_too(
    clone: Path,
) -> None:
    (clone / "icons" / "gavel.svg").write_text(DRAWING)
    (clone / "compliance" / "page.py").write_text('views = (("By law", "gavel"), ("All", "tags"))')
    assert possible_icons(icon_sources(clone), clone / "icons") == {"gavel"}


def test_a_sprite_has_a_symbol_without_the_invisible_frame(clone: Path) -> None:
    (clone / "icons" / "gavel.svg").write_text(DRAWING)
    sprite = build_sprite({"gavel": []}, clone / "icons")
    assert '<symbol id="gavel" viewBox="0 0 24 24"' in sprite
    assert sprite.count("<path") == 1
    assert "M0 0h24v24H0z" not in sprite


def test_an_unknown_icon_stops_the_build_and_says_where_it_is_named(clone: Path) -> None:
    page = clone / "templates" / "page.html"
    page.write_text('{% icon "no-such-icon" %}')
    with pytest.raises(SetupError, match=r"(?s)no-such-icon: named in .*page\.html"):
        build_sprite(used_icons(icon_sources(clone)), clone / "icons")


def test_the_stylesheet_names_no_file_that_is_not_served() -> None:
    text = stylesheet(STYLESHEET.read_text(encoding="utf-8"))
    assert "sourceMappingURL" not in text
    assert "@import" not in text
    assert "url(http" not in text.replace('"', "")
