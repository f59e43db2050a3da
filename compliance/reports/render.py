"""ReportContext → HTML → PDF. No database, no settings, no network, no file but the assets."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree

import pydyf
from cssselect2 import ElementWrapper
from django.template import Context, Engine
from django.utils.safestring import SafeString
from weasyprint import CSS, HTML
from weasyprint.pdf import tags as pdf_tags
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from compliance.reports import archive, charts, quick
from compliance.reports.markup import Fonts, library
from compliance.reports.printed import ReportContext, ScoreLine
from compliance.reports.words import LANGUAGES

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "reports"
ASSETS = TEMPLATES / "assets"
MARK = "mark.svg"
Progress = Callable[[str, int], None]


def no_progress(step: str, percent: int) -> None:
    """For callers that do not show any."""


class AssetRefused(FatalURLFetchingError):  # type: ignore[misc]  # it ships no types
    """The document asked for something that is not one of the report's own pictures."""


class UnknownName(LookupError):
    """A template asked for a value that the context does not have."""


class _Strict(str):
    """`string_if_invalid` that lets no misspelt name pass as an empty text."""

    __slots__ = ()

    def __contains__(self, item: object) -> bool:
        return True

    def __mod__(self, name: object) -> str:
        raise UnknownName(str(name))


class Assets(URLFetcher):  # type: ignore[misc]  # it ships no types
    """Serves the report's own pictures under `asset:`, and nothing else: no file, no network."""

    def __init__(self, mark: str) -> None:
        super().__init__(allowed_protocols=["asset"], allow_redirects=False)
        self._pictures = {f"asset:{path.name}": path for path in ASSETS.glob("*.svg")}
        self._mark = mark.encode()

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        """The picture of that name; anything else ends the render."""
        if url == f"asset:{MARK}":
            body = self._mark
        elif url in self._pictures:
            body = self._pictures[url].read_bytes()
        else:
            raise AssetRefused(f"A report may not load {url[:80]!r}.")
        return URLFetcherResponse(url, body=body, headers={"Content-Type": "image/svg+xml"})


class Page(HTML):  # type: ignore[misc]  # it ships no types
    """The document, from markup that is XML too: an HTML parser would take ten times as long."""

    def __init__(self, markup: str, assets: Assets) -> None:
        self.base_url = "asset:"
        self.url_fetcher = assets
        self.media_type = "print"
        self.wrapper_element = ElementWrapper.from_html_root(ElementTree.fromstring(markup))
        self.etree_element = self.wrapper_element.etree_element

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        return []  # report.css says it all


@dataclass(frozen=True)
class Pictures:
    """The charts of one report, drawn when the template asks for them."""

    c: ReportContext

    def cover_art(self) -> SafeString:
        return charts.cover_art(self.c)

    def skyline(self) -> SafeString:
        return charts.skyline(self.c)

    def legend(self) -> SafeString:
        return charts.legend(self.c)

    def tracks(self) -> SafeString:
        return charts.tracks(self.c)

    def heat(self) -> SafeString:
        return charts.heat(self.c)

    def sections(self) -> SafeString:
        return charts.sections(self.c)

    def topics(self) -> SafeString:
        return charts.topics(self.c)

    def trend(self) -> SafeString:
        return charts.trend(self.c)

    def qr(self) -> SafeString:
        return charts.qr_code(self.c.check_url)


@dataclass(frozen=True)
class Rendered:
    pdf: bytes
    pages: int


@cache
def _engine(lang: str, fonts: Path) -> Engine:
    """The report's templates in this language; each is read and compiled once."""
    filters = library(lang, Fonts(fonts))

    def bars(line: ScoreLine) -> SafeString:
        return charts.bars(line.pair, line.said, lang)

    filters.filter("bars", bars)
    engine = Engine(dirs=[str(TEMPLATES)], autoescape=True, string_if_invalid=_Strict("%s"))
    engine.template_builtins.append(filters)
    return engine


def report_html(c: ReportContext, fonts: Fonts) -> str:
    """The whole document. Texts are escaped; nothing in them is read as HTML or as a template."""
    engine = _engine(c.lang, fonts.folder)
    values: dict[str, Any] = {
        "c": c,
        "charts": Pictures(c),
        "issued": c.issued_at.isoformat(timespec="seconds"),
    }
    return engine.get_template("report.html").render(
        Context(values, autoescape=True, use_l10n=False, use_tz=False)
    )


@cache
def _report_css() -> CSS:
    text = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    return CSS(string=text, base_url="asset:", url_fetcher=Assets(""))


# One of each kind of box, so that nothing is looked up for the first time in a render.
_SAMPLE = """<html lang="en"><head><title>x</title></head><body class="full accepted">
<div class="runhead">x</div><div class="runfoot">x</div><section class="chapter">
<h1 id="a" data-run="x">x</h1><p class="r"><b>x\t</b><span lang="zh-Hans">字</span> x<br/>x</p>
<p class="side o met"><a href="#a">x</a></p><ol class="toc"><li><a href="#a">x</a></li></ol>
<table><tbody><tr><td>x</td></tr></tbody></table><svg xmlns="http://www.w3.org/2000/svg"
 viewBox="0 0 9 9" width="9mm" height="9mm"><title>x</title><rect width="9" height="9"
 fill="#fff" stroke="#000"/><text x="1" y="9" font-size="9">x</text><path d="M0 0l9 9z"/></svg>
</section></body></html>"""


def warm_up(fonts: Path) -> None:
    """Do once what every render would begin with."""
    for lang in LANGUAGES:
        _engine(lang, fonts).get_template("report.html")
    document = Page(_SAMPLE, Assets("")).render(
        stylesheets=[_report_css()], font_config=FontConfiguration(), presentational_hints=False
    )
    document.write_pdf(pdf_variant=archive.VARIANT)


def render_pdf(
    c: ReportContext,
    fonts: Fonts,
    progress: Progress = no_progress,
    files: Mapping[str, tuple[str, bytes]] = MappingProxyType({}),
) -> Rendered:
    """The report as a tagged PDF with these files inside; the same gives the same bytes."""
    progress("writing", 15)
    html = report_html(c, fonts)
    progress("layout", 30)
    assets = Assets(charts.page_mark(c))
    sheets = [_report_css()]
    # The cover has its own picture and says the state itself; a draft is marked there too.
    pages = [("@page", "-20mm -26mm")]  # a page's picture begins inside its margins
    if c.is_draft:
        pages.append(("@page cover", "0 0"))
    sheets += [
        CSS(
            string=f"{page} {{ background: url(asset:{MARK}) no-repeat {at} / 210mm 297mm }}",
            url_fetcher=assets,
        )
        for page, at in pages
    ]
    document = Page(html, assets).render(
        stylesheets=sheets, font_config=FontConfiguration(), presentational_hints=False
    )
    progress("printing", 70)
    target = io.BytesIO()
    identity = f"{c.code} {c.digest} {c.kind} {c.lang} {c.issued_at.isoformat()}"
    document.metadata.attachments = archive.attachments(files, c.issued_at)
    document.write_pdf(
        target,
        finisher=lambda _document, pdf: archive.complete(pdf, c.tags),
        pdf_variant=archive.VARIANT,
        pdf_identifier=hashlib.sha256(identity.encode()).digest()[:16],
    )
    return Rendered(target.getvalue(), len(document.pages))


quick.install()
_box_tree = pdf_tags._build_box_tree


def _box_tree_with_language(box: Any, *rest: Any) -> Iterator[Any]:
    """WeasyPrint names the language of the document only: carry each element's own one over."""
    for tag in _box_tree(box, *rest):
        element = getattr(box, "element", None)
        lang = None if element is None else element.get("lang")
        if element is not None and lang and element.tag != "html" and tag.get("S") != "/NonStruct":
            tag["Lang"] = pydyf.String(lang)
        yield tag


pdf_tags._build_box_tree = _box_tree_with_language


class _PageReferences:
    """The names of all pages, made once: anew for every tag, time grows with the square."""

    def __get__(self, pdf: Any, owner: type) -> tuple[bytes, ...]:
        numbers = pdf.pages["Kids"][::3]
        known: tuple[bytes, ...] = vars(pdf).get("_references", ())
        if len(known) != len(numbers):
            known = pdf._references = tuple(f"{number} 0 R".encode("ascii") for number in numbers)
        return known


pydyf.PDF.page_references = _PageReferences()
