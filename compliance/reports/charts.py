"""The report's charts, as SVG with presentation attributes only: no style, no class, no script.

One unit is a quarter of a millimetre. Every figure that a chart shows is printed in it too, and no
text of a user enters one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import segno
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from checklists.engine.model import Outcome, Track
from compliance.reports.printed import SHOWN_ORDER, Pair, ReportContext, Tile, Twin, Words

WIDTH = 688
INK, SOFT, FAINT, NAVY, BRASS = "#16202E", "#434E5C", "#5F6975", "#12284B", "#7A551A"
GRID, RULE, LIGHT = "#E3E7EB", "#C3CAD2", "#D6DFEA"
MET, PART, PART_EDGE, NO, OFF = "#1F7A8C", "#E3AE45", "#8A5A00", "#8F1D2C", "#E4E8EC"
FILL = {
    Outcome.MET: MET,
    Outcome.PARTLY_MET: PART,
    Outcome.NOT_MET: NO,
    Outcome.NOT_ANSWERED: "#FFFFFF",
    Outcome.UNDETERMINED: "#FFFFFF",
    Outcome.NOT_APPLICABLE: OFF,
}
# one hue, darker the further from ready: from this percentage on, fill and text
SHADES = (
    (90, "#E9F1F2", INK, "90–100"),
    (80, "#C3DADF", INK, "80–90"),
    (70, "#8FBAC4", INK, "70–80"),
    (50, "#3F7F8E", "#FFFFFF", "50–70"),
    (0, "#163F4A", "#FFFFFF", "0–50"),
)
FONT = {"en": "Noto Sans CJK KR", "zh-hans": "Noto Sans CJK SC", "both": "Noto Sans CJK SC"}


class Drawing:
    """An SVG picture that grows shape by shape."""

    def __init__(
        self, title: str, height: float, *, lang: str, width: float = WIDTH, scale: float = 0.25
    ) -> None:
        self.font, self.lang = FONT[lang], lang
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" '
            f'width="{_n(width * scale)}mm" height="{_n(height * scale)}mm">'
            f"<title>{escape(_line(title))}</title>"
        )
        self._parts: list[str] = []

    def text(
        self,
        x: float,
        y: float,
        words: object,
        size: float = 8,
        *,
        anchor: str = "start",
        fill: str = INK,
        bold: bool = False,
    ) -> None:
        weight = ' font-weight="bold"' if bold else ""
        place = "" if anchor == "start" else f' text-anchor="{anchor}"'
        said = escape(_line(words))
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" font-family="{self.font}" '
            f'font-size="{_n(size * 1.22)}"{weight}{place} fill="{fill}">{said}</text>'
        )

    def box(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        fill: str,
        *,
        edge: str = "",
        line: float = 0.8,
        dashed: bool = False,
    ) -> None:
        stroke = f' stroke="{edge}" stroke-width="{_n(line)}"' if edge else ""
        dash = ' stroke-dasharray="2.2 1.6"' if dashed else ""
        self._parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(max(width, 0))}" height="{_n(height)}" '
            f'fill="{fill}"{stroke}{dash}/>'
        )

    def path(
        self, d: str, *, edge: str = "none", line: float = 1, fill: str = "none", dash: str = ""
    ) -> None:
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<path d="{d}" stroke="{edge}" stroke-width="{_n(line)}" fill="{fill}"{dashes}/>'
        )

    def dot(self, x: float, y: float, radius: float, fill: str, edge: str = "none") -> None:
        self._parts.append(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}" '
            f'stroke="{edge}" stroke-width="1.3"/>'
        )

    def tile(
        self, x: float, y: float, outcome: Outcome, *, blocking: bool, width: float = 21
    ) -> None:
        """One requirement; each outcome has a shape of its own beside its colour."""
        height = 11
        match outcome:
            case Outcome.NOT_ANSWERED:
                self.box(
                    x + 0.6, y + 0.6, width - 1.2, height - 1.2, "#FFFFFF", edge=INK, dashed=True
                )
            case Outcome.UNDETERMINED:
                self.box(x + 0.6, y + 0.6, width - 1.2, height - 1.2, "#FFFFFF", edge=INK)
                self.text(x + width / 2, y + height - 2.2, "?", anchor="middle", bold=True)
            case Outcome.PARTLY_MET:
                self.box(x, y, width, height, "#F6E3BB", edge=PART_EDGE, line=0.7)
                self.path(
                    f"M{_n(x)} {_n(y + height)}V{_n(y)}L{_n(x + width)} {_n(y + height)}z",
                    fill="#D99A1C",
                )
            case Outcome.NOT_MET:
                self.box(x, y, width, height, NO)
                middle = f"M{_n(x + width / 2 - 3)} {_n(y + height / 2 - 3)}"
                self.path(f"{middle}l6 6m0 -6l-6 6", edge="#FFFFFF", line=1.4)
            case Outcome.NOT_APPLICABLE:
                self.box(x, y, width, height, OFF, edge="#9AA4AF", line=0.6)
                self.path(f"M{_n(x + width / 2 - 3.5)} {_n(y + height / 2)}h7", edge=FAINT)
            case _:
                self.box(x, y, width, height, MET)
        if blocking:
            self.box(x - 0.5, y - 0.5, width + 1, height + 1, "none", edge=INK, line=1.7)

    def gates(self, left: float, span: float, top: float, bottom: float, c: ReportContext) -> None:
        """The scale from 0 to 100, and the two percentages that decide the band."""
        for at in (0, 25, 50, 75, 100):
            x = left + at * span / 100
            self.path(f"M{_n(x)} {_n(top + 4)}V{_n(bottom)}", edge=GRID, line=0.8)
            self.text(x, bottom + 12, at, anchor="middle", fill=FAINT)
        for gate in c.gates:
            x = left + gate * span / 100
            self.path(f"M{_n(x)} {_n(top)}V{_n(bottom)}", edge=INK, line=0.9, dash="3 2")
            self.text(x, top - 3, f"{gate}{c.w['percent']}", 8.5, anchor="middle", bold=True)

    def done(self) -> SafeString:
        return mark_safe(self._head + "".join(self._parts) + "</svg>")


def _line(words: object) -> str:
    """What is written in a picture: in a report in both languages both."""
    if isinstance(words, Twin):
        return words.both
    if isinstance(words, Words):
        return f"{words.text} {words.zh}" if words.zh else words.text
    return str(words)


def _scores(name: object, pair: Pair, c: ReportContext) -> str:
    """What a bar or a cell shows, as a part of the words that stand for the picture."""
    said = f"{_line(name)}: {_line(c.w['claimed'])} {pair.claimed.percent or '–'}"
    if pair.confirmed is None:
        return said
    return f"{said}, {_line(c.w['confirmed'])} {pair.confirmed_percent or '–'}"


def _said(title: object, parts: Iterable[str]) -> str:
    """The words that stand for a picture: its title, then every figure in it."""
    return f"{_line(title)}. {'; '.join(parts)}"


def _n(value: float) -> str:
    """A coordinate without noise."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _percent(percent: str | None) -> float:
    return float(Decimal(percent)) if percent is not None else 0.0


def skyline(c: ReportContext) -> SafeString:
    """One tile per requirement: duties above the line, upcoming ones below; never mixed."""
    measures = [measure for section in c.sections for measure in section.measures]
    step, gap = 13.6, 14
    above = max((len(m.duty_tiles) for m in measures), default=0)
    below = max((len(m.upcoming_tiles) for m in measures), default=0)
    step = min(step, (150 if c.is_both else 240) / max(above + below, 1))
    base = 16 + above * step
    letters = base + 38 + below * step
    height = letters + (12 if c.is_both else 2)  # two languages need a line of their own
    drawing = Drawing(_said(c.w["skyline"], [_line(c.skyline_counts)]), height, lang=c.lang)
    sections = max(len(c.sections), 1)
    pitch = (WIDTH - 16 - sections * 11) / max(len(measures), 1)
    x = 16.0
    for section in c.sections:
        start = x
        for measure in section.measures:
            _stack(drawing, x, base - gap, -step, measure.duty_tiles)
            _stack(drawing, x, base + 22, step, measure.upcoming_tiles)
            drawing.text(
                x + 10.5, base + 13, measure.number, 9.5, anchor="middle", fill=NAVY, bold=True
            )
            x += pitch
        drawing.path(f"M{_n(start - 3)} {_n(base)}H{_n(x - 4)}", edge=NAVY, line=1.6)
        drawing.text(start - 3, letters, section.id, 9, fill=SOFT, bold=True)
        x += 11
    for track, y in ((Track.DUTY, 10.0), (Track.UPCOMING, height - 2)):
        title, size = c.track_titles[track], 6.8 if c.is_both else 8.5
        drawing.text(WIDTH - 16, y, title, size, anchor="end", fill=SOFT, bold=True)
    return drawing.done()


def _stack(drawing: Drawing, x: float, y: float, step: float, tiles: Sequence[Tile]) -> None:
    for place, tile in enumerate(tiles):
        drawing.tile(x, y + place * step, tile.outcome, blocking=tile.is_blocking)


def legend(c: ReportContext) -> SafeString:
    """What the tiles mean; Chinese under English where a report is in both."""
    drawing = Drawing(c.w["outcomes"], 28 if c.is_both else 16, lang=c.lang)
    x = 2.0
    for outcome in (*SHOWN_ORDER, None):
        word = c.w["blocking"] if outcome is None else c.w[outcome]
        drawing.tile(x, 2, outcome or Outcome.MET, blocking=outcome is None)
        drawing.text(x + 26, 11.5, str(word), 8.4)
        if isinstance(word, Twin):
            drawing.text(x + 26, 22.5, word.zh, 8)
        x += 36 + _text_width(str(word))
    return drawing.done()


def _text_width(words: str) -> float:
    """Roughly, in units, at the size of a legend."""
    return sum(10.4 if ord(letter) > 0x2E80 else 5.6 for letter in words)


def sections(c: ReportContext) -> SafeString:
    """Claimed light and outlined, confirmed solid, against the two gates."""
    left, span, row = 240, 330, 27
    bottom = 20 + len(c.sections) * row
    said = _said(c.w["by_section"], [_scores(s.title, s.duty, c) for s in c.sections])
    drawing = Drawing(said, bottom + 16, lang=c.lang)
    drawing.gates(left, span, 12, bottom, c)
    for place, section in enumerate(c.sections):
        y = 20 + place * row
        drawing.text(0, y + 13, section.id, 11, fill=BRASS, bold=True)
        title = section.title
        drawing.text(
            18, y + (8 if title.zh else 13), title.text, 8.4 if title.lang != "en" else 7.2
        )
        if title.zh:
            drawing.text(18, y + 19, title.zh, 7.6)
        _bars(drawing, section.duty, left, span, y, c)
    return drawing.done()


def _bars(
    drawing: Drawing, pair: Pair, left: float, span: float, y: float, c: ReportContext
) -> None:
    claimed, confirmed = pair.claimed.percent, pair.confirmed_percent
    if claimed is None and confirmed is None:
        drawing.text(left + 6, y + 13, c.w["none_to_score"], 7.6, fill=FAINT)
        return
    edge, size = left + span + 12, 6.8 if c.is_both else 8
    if claimed is not None:
        drawing.box(left, y, _percent(claimed) * span / 100, 9, LIGHT, edge=NAVY)
        drawing.text(edge, y + 8.5, claimed, 8.5, fill=SOFT)
        drawing.text(edge + 34, y + 8.5, c.w["claimed"], size, fill=FAINT)
    if confirmed is not None:
        drawing.box(left, y + 11, _percent(confirmed) * span / 100, 9, NAVY)
        drawing.text(edge, y + 19.5, confirmed, 8.5, fill=NAVY, bold=True)
        drawing.text(edge + 34, y + 19.5, c.w["confirmed"], size, fill=NAVY)


def trend(c: ReportContext) -> SafeString:
    """The duty score of the submissions before this one and of this one: claimed hollow."""
    width, left, right, top, bottom = 332.0, 26.0, 296.0, 12.0, 78.0
    said = [
        _scores(f"{_line(point.label)} {_line(point.on)}".strip(), point.duty, c)
        for point in c.trend
    ]
    drawing = Drawing(_said(c.w["trend"], said), bottom + 26, lang=c.lang, width=width)
    shown = [
        _percent(percent)
        for point in c.trend
        for percent in (point.duty.claimed.percent, point.duty.confirmed_percent)
        if percent is not None
    ]
    floor = min(60, int(min(shown, default=0)) // 20 * 20)

    def height(percent: float) -> float:
        return bottom - (percent - floor) * (bottom - top) / (100 - floor)

    for gate in (floor, *c.gates, 100):
        y = height(gate)
        is_gate = gate in c.gates
        drawing.path(
            f"M{_n(left)} {_n(y)}H{_n(right + 8)}",
            edge=INK if is_gate else GRID,
            line=0.7,
            dash="3 2" if is_gate else "",
        )
        drawing.text(left - 5, y + 2.6, gate, 7, anchor="end", fill=FAINT)
    pitch = (right - left) / max(len(c.trend), 1)
    places = [left + pitch * (place + 0.5) for place in range(len(c.trend))]
    for which, dash, fill, edge in (
        ("claimed", "3 2", "#FFFFFF", NAVY),
        ("confirmed", "", NAVY, NAVY),
    ):
        points = [
            (x, height(_percent(percent)))
            for x, point in zip(places, c.trend, strict=True)
            if (percent := _figure_of(point.duty, which)) is not None
        ]
        if len(points) > 1:
            d = "L".join(f"{_n(x)} {_n(y)}" for x, y in points)
            drawing.path(f"M{d}", edge=NAVY, line=1.3, dash=dash)
        for x, y in points:
            drawing.dot(x, y, 3.4, fill, edge)
    for x, point in zip(places, c.trend, strict=True):
        claimed, confirmed = point.duty.claimed.percent, point.duty.confirmed_percent
        # The higher figure stands above its dot and the lower below, so that they never touch.
        for percent, fill, is_higher in (
            (claimed, SOFT, _percent(claimed) >= _percent(confirmed)),
            (confirmed, NAVY, _percent(confirmed) > _percent(claimed)),
        ):
            if percent is not None:
                y = height(_percent(percent)) + (-6 if is_higher else 11)
                bold = fill is NAVY
                drawing.text(x, y, percent, 7.4, anchor="middle", fill=fill, bold=bold)
        drawing.text(x, bottom + 12, str(point.label), 7, anchor="middle", fill=SOFT)
        drawing.text(x, bottom + 22, str(point.on), 7, anchor="middle", fill=SOFT)
    return drawing.done()


def _figure_of(pair: Pair, which: str) -> str | None:
    return pair.claimed.percent if which == "claimed" else pair.confirmed_percent


def topics(c: ReportContext) -> SafeString:
    """Hollow dot claimed, solid dot confirmed; the weakest topic first."""
    left, span, row = 190, 370, 15 if c.is_both else 16
    bottom = 18 + len(c.topics) * row
    said = _said(c.w["by_topic"], [_scores(t.title, t.duty, c) for t in c.topics])
    drawing = Drawing(said, bottom + (28 if c.is_both else 18), lang=c.lang)
    drawing.gates(left, span, 12, bottom, c)
    figures = left + span + 14
    heads = [(figures, c.w["claimed"], FAINT), (figures + 40, c.w["confirmed"], NAVY)]
    for x, word, fill in heads:
        drawing.text(x, 9, str(word), 7.2, fill=fill)
        if isinstance(word, Twin):  # beside each other they would touch
            drawing.text(x, bottom + 12, word.zh, 7.2, fill=fill)
    for place, topic in enumerate(c.topics):
        y = 26 + place * row
        claimed, confirmed = topic.duty.claimed.percent, topic.duty.confirmed_percent
        title = f"{_line(topic.title)} ({topic.duty.count})"
        drawing.text(0, y + 3, title, 7.4 if c.is_both else 8.2)
        drawing.path(f"M{left} {y}H{left + span}", edge="#EEF1F4", line=0.8)
        at_claimed = left + _percent(claimed) * span / 100
        at_confirmed = left + _percent(confirmed) * span / 100
        if claimed is not None and confirmed is not None and claimed != confirmed:
            drawing.path(f"M{_n(at_confirmed)} {y}H{_n(at_claimed)}", edge=NAVY, line=1.6)
        if claimed is not None:
            drawing.dot(at_claimed, y, 4.2, "#FFFFFF", NAVY)
        if confirmed is not None:
            drawing.dot(at_confirmed, y, 4.2, NAVY)
        drawing.text(figures, y + 3, claimed or "–", 8.2, fill=SOFT)
        drawing.text(figures + 40, y + 3, confirmed or "–", 8.2, fill=NAVY, bold=True)
        if topic.blockers:
            drawing.path(f"M{figures + 84} {y - 5}l5 5l-5 5l-5 -5z", fill=NO)
            drawing.text(figures + 92, y + 3, topic.blockers, 8.2, fill=NO, bold=True)
    return drawing.done()


def heat(c: ReportContext) -> SafeString:
    """The 22 measures in two rows; the figure is always printed."""
    every = [measure for section in c.sections for measure in section.measures]
    rows = (
        (Track.DUTY, [(m.number, m.duty) for m in every]),
        (Track.UPCOMING, [(m.number, m.upcoming) for m in every]),
    )
    said = [
        f"{_line(c.track_titles[track])}: "
        + ", ".join(f"{n}: {p.shown.percent}" for n, p in pairs if p.shown.percent is not None)
        for track, pairs in rows
    ]
    drawing = Drawing(_said(c.w["by_measure"], said), 112, lang=c.lang)
    for track, y in ((Track.DUTY, 41), (Track.UPCOMING, 72)):
        title = c.track_titles[track]
        drawing.text(0, y - 5 if isinstance(title, Twin) else y, str(title), 7.2, bold=True)
        if isinstance(title, Twin):
            drawing.text(0, y + 6, title.zh, 7.2)
    pitch = (WIDTH - 66 - 8 * len(c.sections)) / max(len(every), 1)
    x = 66.0
    for section in c.sections:
        drawing.text(x, 9, section.id, 9, fill=BRASS, bold=True)
        for measure in section.measures:
            drawing.text(
                x + pitch / 2 - 1, 21, measure.number, 8.6, anchor="middle", fill=NAVY, bold=True
            )
            _cell(drawing, x, 26, pitch - 2, measure.duty)
            _cell(drawing, x, 57, pitch - 2, measure.upcoming)
            x += pitch
        x += 8
    x = 66
    for _, fill, _, words in SHADES:
        drawing.box(x, 94, 14, 10, fill, edge=FAINT, line=0.5)
        drawing.text(x + 18, 102.5, words, fill=SOFT)
        x += 70
    return drawing.done()


def _cell(drawing: Drawing, x: float, y: float, width: float, pair: Pair) -> None:
    percent = pair.shown.percent
    if percent is None:
        drawing.box(x + 0.3, y + 0.3, width - 0.6, 24.4, "#FFFFFF", edge=RULE, line=0.6)
        drawing.text(x + width / 2, y + 16, "–", 9, anchor="middle", fill=FAINT)
        return
    value = _percent(percent)
    fill, ink = next((fill, ink) for start, fill, ink, _ in SHADES if value >= start)
    drawing.box(x, y, width, 25, fill, edge=FAINT, line=0.5)
    # Whole per cent, cut and not rounded: 89.9 is not 90 where 90 decides.
    drawing.text(x + width / 2, y + 16, int(value), 9.5, anchor="middle", fill=ink, bold=True)


def tracks(c: ReportContext) -> SafeString:
    """How many requirements of each track have which outcome."""
    left, span = 176, 496
    said = [
        f"{_line(c.track_titles[track])}: "
        + ", ".join(f"{_line(c.w[outcome])} {number}" for outcome, number in c.counts[track])
        for track in Track
    ]
    drawing = Drawing(_said(c.w["by_track"], said), 104, lang=c.lang)
    most = max((sum(n for _, n in c.counts[track]) for track in Track), default=0)
    unit = span / max(most, 1)
    for place, track in enumerate(Track):
        y = 4 + place * 34
        drawing.text(0, y + 15, c.track_titles[track], 8.6, bold=True)
        x = float(left)
        for outcome, number in c.counts[track]:
            width = number * unit
            light = outcome in (Outcome.NOT_ANSWERED, Outcome.UNDETERMINED)
            drawing.box(
                x + 0.5,
                y + 0.5,
                width - 2,
                21,
                FILL[outcome],
                edge=INK
                if light
                else PART_EDGE
                if outcome is Outcome.PARTLY_MET
                else FILL[outcome],
                dashed=outcome is Outcome.NOT_ANSWERED,
            )
            drawing.text(
                x + width / 2 - 1,
                y + 14.5,
                f"? {number}" if outcome is Outcome.UNDETERMINED and width > 20 else number,
                9 if width > 12 else 6.5,
                anchor="middle",
                fill="#FFFFFF" if outcome in (Outcome.MET, Outcome.NOT_MET) else INK,
                bold=True,
            )
            x += width
    return drawing.done()


def bars(pair: Pair, said: str, lang: str) -> SafeString:
    """The two scores of one track of one measure, to stand in the line that names them."""
    drawing = Drawing(said, 13, lang=lang, width=171)
    drawing.box(0.5, 0.5, 170, 12, "#FFFFFF", edge=RULE, line=0.6)
    drawing.box(0.5, 0.5, _percent(pair.claimed.percent) * 1.7, 5.5, LIGHT, edge=NAVY, line=0.6)
    if pair.confirmed_percent is not None:
        drawing.box(0.5, 7, _percent(pair.confirmed_percent) * 1.7, 5.5, NAVY)
    return drawing.done()


def cover_art(c: ReportContext) -> SafeString:
    """A level beam hung in orbits."""
    circles = "".join(f'<circle cx="206" cy="112" r="{r}"/>' for r in (38, 54, 70, 86, 102))
    return mark_safe(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 210 112" width="210mm" '
        f'height="112mm"><title>{escape(_line(c.w["product"]))}</title>'
        '<rect x="0" y="0" width="210" height="112" fill="#12284B"/>'
        f'<g fill="none" stroke="#6E86A8" stroke-width=".28">{circles}</g>'
        '<circle cx="206" cy="112" r="24" fill="#0C1D38" stroke="#8EA3C0" stroke-width=".4"/>'
        '<g fill="none" stroke="#D9B36A" stroke-width=".6">'
        '<path d="M136 112A70 70 0 0 1 185.5 45"/><path d="M20 44h24M32 44v-4"/></g>'
        '<circle cx="185.5" cy="45" r="1.5" fill="#D9B36A"/>'
        '<circle cx="152" cy="112" r="1" fill="#FFFFFF"/>'
        '<circle cx="167.8" cy="73.8" r=".8" fill="#FFFFFF"/>'
        '<circle cx="32" cy="44" r=".9" fill="#D9B36A"/></svg>'
    )


def qr_code(url: str) -> SafeString:
    """The address as one path of modules."""
    matrix = [bytes(row) for row in segno.make(url, error="q", boost_error=False).matrix]
    path = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            if not row[x]:
                x += 1
                continue
            start = x
            while x < len(row) and row[x]:
                x += 1
            path.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
    size = len(matrix) + 4
    return mark_safe(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 {size} {size}" width="32mm" '
        f'height="32mm"><title>QR: {escape(url)}</title>'
        f'<path d="{"".join(path)}" fill="#000000"/></svg>'
    )


TONES = {
    "accepted": "#1F6E7D",
    "conditions": "#8A5A00",
    "waiting": "#434E5C",
    "open": "#8F1D2C",
}


def page_mark(c: ReportContext) -> str:
    """The state at the head of every page, and across it where nobody has accepted the report."""
    across = ""
    if c.mark:
        font, said = FONT[c.lang], c.mark
        lines = [str(said), said.zh] if isinstance(said, Twin) else [str(said)]
        size = 60 if c.lang == "zh-hans" else 34
        ink = "#E3E7EC" if c.is_draft else "#ECEFF2"
        across = "".join(
            f'<text transform="translate(105 158) rotate(-54)" y="{place * 44}" '
            f'text-anchor="middle" font-family="{font}" font-weight="bold" '
            f'font-size="{size if not place else 52}" fill="{ink}">{escape(line)}</text>'
            for place, line in enumerate(lines)
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 210 297" width="210" height="297">'
        f'{across}<rect x="0" y="0" width="210" height="6.4" fill="{TONES[c.tone]}"/>'
        f'<text x="20" y="4.4" font-family="{FONT[c.lang]}" font-weight="bold" font-size="3.2" '
        f'fill="#FFFFFF">{escape(_line(c.state_title))}</text></svg>'
    )
