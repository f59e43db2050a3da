"""The PDF as a reader, a screen reader and an attacker meet it."""

from __future__ import annotations

import copy
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.conf import settings
from weasyprint import HTML

from compliance.canonical import canonical
from compliance.reports.context import report_context
from compliance.reports.markup import Fonts, printable
from compliance.reports.process import Made, render_in_child
from compliance.reports.render import AssetRefused, Assets, UnknownName, report_html
from compliance.reports.words import words
from tests.compliance.reports.conftest import ASKED_AT, small
from tests.compliance.reports.factory import review_of
from tests.compliance.reports.reading import (
    bookmarks_of,
    fonts_of,
    glyphs_of,
    squeezed,
    tags_of,
    text_of,
)
from tests.compliance.reports.test_process import job

LANGS = ("en", "zh-hans", "both")
SINGLE = {"en": ("en",), "zh-hans": ("zh-hans",), "both": ("en", "zh-hans")}
KINDS = ("full", "summary")
Rendered = tuple[Path, Made]


@pytest.fixture(scope="module")
def rendered(
    content: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Rendered]:
    """The report of the whole content, in a language and of a kind; rendered once."""
    folder = tmp_path_factory.mktemp("reports")
    made: dict[tuple[str, str], Rendered] = {}

    def get(kind: str, lang: str) -> Rendered:
        if (kind, lang) not in made:
            path = folder / f"{kind}-{lang}.pdf"
            made[kind, lang] = path, render_in_child(job(content, kind=kind, lang=lang), path)
        return made[kind, lang]

    return get


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts(Path(settings.REPORT_FONTS_DIR))


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_glyph_has_a_shape_and_every_font_is_inside(
    rendered: Callable[[str, str], Rendered], kind: str, lang: str
) -> None:
    path, _ = rendered(kind, lang)
    with pikepdf.open(path) as pdf:
        drawn, missing = glyphs_of(pdf)
        found = dict(fonts_of(pdf))
    assert drawn > 3000
    assert missing == 0
    assert found
    assert [name for name, complete in found.items() if not complete] == []


@pytest.mark.parametrize("lang", LANGS)
def test_the_full_report_says_everything(
    rendered: Callable[[str, str], Rendered], content: dict[str, Any], lang: str
) -> None:
    path, made = rendered("full", lang)
    text = squeezed(text_of(path))
    for each in SINGLE[lang]:
        key = each.replace("-", "_")
        titles = {
            row["source_row"]: squeezed(row["title"][key] or row["title"]["en"])
            for row in content["requirements"]
        }
        if each == lang:
            titles = {label: label + title for label, title in titles.items()}
        assert [label for label, title in titles.items() if title not in text] == []
    for piece in content["evidence"]:
        assert piece["sha256"] in text
    for name in content["references"]:
        assert squeezed(name) in text
    for name in ("blockers", "findings", "off", "method", "attestation"):
        assert all(squeezed(words(each)[name]) in text for each in SINGLE[lang])
    assert "5a" * 32 in text
    assert 30 <= made.pages <= 80


@pytest.mark.parametrize(
    ("lang", "tags"), [("en", {"en"}), ("zh-hans", {"zh-Hans"}), ("both", {"en", "zh-Hans"})]
)
def test_it_claims_the_archive_and_the_screen_reader_and_carries_its_data(
    rendered: Callable[[str, str], Rendered], content: dict[str, Any], lang: str, tags: set[str]
) -> None:
    from trestle.oscal.assessment_results import AssessmentResults  # takes a second to import

    path, _ = rendered("full", lang)
    with pikepdf.open(path) as pdf:
        with pdf.open_metadata() as claims:
            assert claims["pdfaid:part"] == "3"
            assert claims["pdfaid:conformance"] == "A"
            assert claims["pdfuaid:part"] == "1"
            assert claims["dc:language"] == tags
        assert "/OutputIntents" in pdf.Root
        attached = {name: spec.get_file().read_bytes() for name, spec in pdf.attachments.items()}
        listed = [str(spec.UF) for spec in pdf.Root.AF]
    assert sorted(listed) == ["assessment-results.oscal.json", "review.json", "submission.json"]
    assert attached["submission.json"] == canonical(content)
    AssessmentResults.parse_obj(
        json.loads(attached["assessment-results.oscal.json"])["assessment-results"]
    )
    assert json.loads(attached["review.json"])["state"] in {"in_review", "accepted", "submitted"}


@pytest.mark.parametrize("lang", LANGS)
def test_blockers_stand_before_any_score(
    rendered: Callable[[str, str], Rendered], lang: str
) -> None:
    board = text_of(rendered("summary", lang)[0], 2)
    said = words(SINGLE[lang][0])
    scores = re.search(rf"^{said['scores']}", board, re.MULTILINE)
    assert scores is not None
    assert board.index(said["blockers"]) < scores.start()
    for name in ("next_steps", "trend", "skyline"):  # all on the one page
        assert said[name] in board


@pytest.mark.parametrize("lang", LANGS)
def test_a_summary_has_six_pages_at_most(
    rendered: Callable[[str, str], Rendered], lang: str
) -> None:
    assert rendered("summary", lang)[1].pages <= 6


@pytest.mark.parametrize(("lang", "tag"), [("en", "en"), ("zh-hans", "zh-Hans"), ("both", "en")])
def test_it_can_be_read_aloud_and_walked_through(
    rendered: Callable[[str, str], Rendered], lang: str, tag: str
) -> None:
    path, made = rendered("full", lang)
    with pikepdf.open(path) as pdf:
        assert str(pdf.Root.Lang) == tag
        assert bool(pdf.Root.MarkInfo.Marked)
        for each in SINGLE[lang]:
            assert words(each)["report"] in str(pdf.docinfo.Title)
        bookmarks = bookmarks_of(pdf)
        elements = list(tags_of(pdf))
        kinds = {str(element.S) for element in elements}
        assert {"/H1", "/H2", "/H3", "/H4", "/P", "/Table", "/TH", "/TD", "/Figure"} <= kinds
        assert all("/Alt" in element for element in elements if element.S == "/Figure")
        other = "en" if lang == "zh-hans" else "zh-Hans"
        assert other in {str(element.Lang) for element in elements if "/Lang" in element}
        for page in pdf.pages:
            for note in page.get("/Annots", []):
                assert "/Contents" in note
    pages = {title: page for _, title, page in bookmarks}
    chapters = ("board", "contents", "requirements", "findings", "evidence_index", "method")
    titles = [" ".join(words(each)[name] for each in SINGLE[lang]) for name in chapters]
    assert sum(1 for depth, _, _ in bookmarks if depth == 3) == 22
    assert f"{made.pages} / {made.pages}" in text_of(path)
    # The contents name the page to which the bookmark leads, where the chapter's title stands.
    listed = [int(n) for n in re.findall(r"^(\d+)$", text_of(path, pages[titles[1]]), re.MULTILINE)]
    assert listed == [
        page
        for depth, title, page in bookmarks[1:]  # after the cover
        if depth != 2 and title != titles[1]
    ]
    for title in titles:
        heading = text_of(path, pages[title]).replace("\n", " ")
        assert squeezed(title) in squeezed(heading)


@pytest.mark.parametrize(
    ("state", "title", "mark", "lang"),
    [
        ("submitted", "state_submitted", "mark_submitted", "en"),
        ("in_review", "state_in_review", "mark_in_review", "zh-hans"),
        ("returned", "state_returned", "mark_returned", "both"),
        ("withdrawn", "state_withdrawn", "mark_withdrawn", "en"),
        ("accepted", "state_accepted", "", "zh-hans"),
        ("accepted", "state_accepted_with_conditions", "", "both"),
    ],
)
def test_every_page_says_in_which_state_the_report_is(
    content: dict[str, Any], state: str, title: str, mark: str, lang: str, tmp_path: Path
) -> None:
    path = tmp_path / "report.pdf"
    shorter = small(content)
    review = review_of(shorter, state)
    if title.endswith("conditions"):
        review["decision"] |= {"with_conditions": True}
    made = render_in_child(job(shorter, review=review, lang=lang, kind="summary"), path)
    for number in range(1, made.pages + 1):
        page = squeezed(text_of(path, number))
        for each in SINGLE[lang]:
            said = words(each)
            assert squeezed(said[title]) in page
            if number > 1:  # the head of the page names firm and submission, its foot the page
                assert squeezed(said["submission_no"].format(number=1)) in page
                assert f"{number}/{made.pages}" in page
                assert not mark or squeezed(said[mark]) in page
    others = {name for name in words("en") if name.startswith("mark_")} - {mark}
    whole = text_of(path)
    assert [name for name in others if words("en")[name] in whole] == []


# --- what people type -----------------------------------------------------------------------------

HOSTILE = {
    "html": "<script>alert(1)</script><b>not bold</b> <!-- gone? --> &lt;kept&gt; </p></section>",
    "css": "</style><style>@page{margin:0}*{display:none}</style> {color:red} /* kept */",
    "template": "{{ c.digest }} {% include 'cover.html' %} {# kept #} ${7*7} %(name)s",
    "links": '<img src="http://127.0.0.1:PORT/x"> url(file:///etc/passwd) @import "http://127.0.0.1"',
    "attribute": '" onload="x" lang="en"><i>\' ` =',
    "signs": "½ ≤ ≥ µ × ÷ – — “quoted” ‘too’ … • € £ ¥ Łódź Ñandú Αθήνα Москва",
    "rare": "龘𠮷㐂",
}
REPLACED = {
    "control \x07 and \x00 end": "control [U+0007] and [U+0000] end",
    "turned \u202egnp.exe": "turned [U+202E]gnp.exe",
    "rocket \U0001f680 launch": "rocket [U+1F680] launch",
    "private \ue000 use": "private [U+E000] use",
    "lone \ud800 half": "lone [U+D800] half",
    "joined \u200bword\ufe0f": "joined word",
    "tab\there": "tab here",
    "a\r\nb\u2028c\n\n\n\n\nd": "a\nb\nc\n\nd",
}


@pytest.mark.parametrize(("typed", "printed"), REPLACED.items())
def test_what_cannot_be_printed_stands_as_its_number(
    typed: str, printed: str, fonts: Fonts
) -> None:
    assert printable(typed, fonts) == printed


def hostile_content(
    content: dict[str, Any], text: str, rows: int = 8
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The text everywhere a person can type one."""
    content = copy.deepcopy(small(content, 8))
    content["firm"]["name"] = text[:200]
    content["assessment"]["title"] = text[:200]
    content["attestation"].update(name=text[:120], position=text[:120], statement=text)
    for piece in content["evidence"]:
        piece.update(title=text[:200], filename=text[:200])
    for row in content["requirements"][:rows]:
        row.update(note=text, not_applicable_reason=text)
    review = review_of(content, "returned")
    review["actions"] = [
        {
            "label": "F-01",
            "finding": 1,
            "requirement": content["requirements"][0]["requirement"],
            "severity": "major",
            "title": text[:200],
            "suggested": {"en": "File them.", "zh_hans": "归档。"},
            "plan": text,
            "owner": text[:100],
            "due_on": "2027-01-10",
            "status": "open",
            "closing_note": text,
            "milestones": [{"title": text[:200], "due_on": None, "done_on": None}],
        }
    ]
    review["findings"] = [
        {
            "number": 1,
            "requirement": content["requirements"][0]["requirement"],
            "severity": "major",
            "missing": text,
            "due_on": "2027-01-10",
        }
    ]
    for determination in list(review["determinations"].values())[:rows]:
        determination["comment"] = text
    review["decision"]["statement"] = text
    return content, review


@pytest.mark.parametrize("lang", LANGS)
def test_hostile_text_stands_in_the_report_as_it_was_typed(
    content: dict[str, Any], tmp_path: Path, lang: str
) -> None:
    changed, review = hostile_content(content, "\n".join(HOSTILE.values()))
    path = tmp_path / "report.pdf"
    render_in_child(job(changed, review=review, lang=lang), path)
    printed = squeezed(text_of(path))
    assert [kind for kind, text in HOSTILE.items() if squeezed(text) not in printed] == []
    with pikepdf.open(path) as pdf:
        assert glyphs_of(pdf)[1] == 0
        addresses = [
            note
            for page in pdf.pages
            for note in page.get("/Annots", [])
            if "/A" in note and "/URI" in note.A
        ]
    assert addresses == []


def test_signs_no_font_has_do_no_harm(content: dict[str, Any], tmp_path: Path) -> None:
    text = "שלום עולם مرحبا \U0001f680👩‍🚀 \u202eabc\u202c \x1b[31m \x00 नमस्ते"
    changed, review = hostile_content(content, text)
    path = tmp_path / "report.pdf"
    render_in_child(job(changed, review=review), path)
    with pikepdf.open(path) as pdf:
        assert glyphs_of(pdf)[1] == 0
        assert all(complete for _, complete in fonts_of(pdf))
    assert "[U+1F680]" in squeezed(text_of(path))


@pytest.mark.parametrize("unit", ["W", "字\n"])
def test_twenty_thousand_characters_in_one_word_or_in_ten_thousand_lines_stay_bounded(
    content: dict[str, Any], tmp_path: Path, unit: str
) -> None:
    short = small(content, 2)
    path = tmp_path / "long.pdf"
    made: dict[int, Made] = {}
    for count in (10_000, 20_000):
        short["requirements"][0] = short["requirements"][0] | {"note": (unit * count)[:count]}
        made[count] = render_in_child(job(short), path)
    assert made[20_000].cpu_seconds < made[10_000].cpu_seconds * 3  # not with the square
    assert made[20_000].peak_megabytes < 350
    assert made[20_000].pages < 45
    assert squeezed(text_of(path)).count(unit[0]) >= 20_000 // len(unit)


def test_twenty_thousand_characters_in_every_field_stay_bounded(
    content: dict[str, Any], tmp_path: Path
) -> None:
    text = ("该流程规定接近事件的接收、筛选、评估、决策和机动执行。" * 1000)[:20_000]
    changed, review = hostile_content(content, text, rows=1)
    path = tmp_path / "long.pdf"
    made = render_in_child(job(changed, review=review), path)
    assert made.cpu_seconds < 30
    assert made.peak_megabytes < 350
    # note, reason, comment, what is missing, plan, closing note and both statements
    assert squeezed(text_of(path)).count("该流程规定") >= 7 * 700
    board = text_of(path, 2)
    assert "…" in board  # the board's page shows the beginning only
    assert board.count("该流程规定") < 40


# --- what a document may load ---------------------------------------------------------------------


@pytest.fixture
def canary() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine that notes every request."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


DOCUMENTS = (
    '<img src="{url}/img">',
    '<link rel="stylesheet" href="{url}/css">',
    '<style>@import "{url}/import";</style>',
    '<p style="background: url({url}/background)">x</p>',
    '<object data="{url}/object"></object>',
    '<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}/svg"/></svg>',
    '<link rel="attachment" href="{url}/attachment">',
)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_fetcher_refuses_the_network(document: str, canary: tuple[str, list[str]]) -> None:
    url, heard = canary
    fetcher = Assets("")
    html = HTML(string=document.format(url=url), base_url="asset:", url_fetcher=fetcher)
    with suppress(AssetRefused):  # most end the render; a picture inside a picture stays empty
        html.render().write_pdf()
    assert heard == []


def test_without_the_fetcher_the_canary_would_sing(canary: tuple[str, list[str]]) -> None:
    url, heard = canary
    HTML(string="".join(DOCUMENTS).format(url=url)).render().write_pdf()
    assert len(heard) >= 3


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://127.0.0.1/",
        "https://example.org/",
        "ftp://example.org/",
        "data:image/svg+xml,<svg/>",
        "asset:../report.css",
        "asset:/etc/passwd",
        "asset:report.css",
        "i-met.svg",
    ],
)
def test_the_fetcher_serves_its_own_pictures_only(url: str) -> None:
    fetcher = Assets("<svg/>")
    assert fetcher.fetch("asset:i-met.svg").read().startswith(b"<svg")
    with pytest.raises(AssetRefused):
        fetcher.fetch(url)


def test_a_whole_report_with_addresses_in_every_field_asks_nobody(
    content: dict[str, Any], tmp_path: Path, canary: tuple[str, list[str]]
) -> None:
    url, heard = canary
    text = "".join(DOCUMENTS).format(url=url)
    changed, review = hostile_content(content, text)
    changed["evidence"][0]["url"] = f"{url}/link"
    render_in_child(job(changed, review=review), tmp_path / "report.pdf")
    assert heard == []


# --- the templates --------------------------------------------------------------------------------


def test_a_misspelt_name_in_a_template_is_an_error(
    content: dict[str, Any], fonts: Fonts, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "report.html").write_text("{{ c.no_such_name }}")
    monkeypatch.setattr("compliance.reports.render.TEMPLATES", tmp_path)
    c = report_context(
        content,
        review_of(content),
        kind="full",
        lang="en",
        code="x",
        digest="x",
        issued_at=ASKED_AT,
    )
    with pytest.raises(UnknownName):
        report_html(c, fonts)
