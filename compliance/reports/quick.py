"""WeasyPrint's busiest functions, written for what a report needs: the same pages, less work.

A report spends its time in a few small functions that are called tens of thousands of times. Each
has a quicker twin here, which keeps what it found beside the style it found it for, and hands
anything out of the ordinary back to WeasyPrint's own. `install` puts them in place, once, and only
in the release they were written for: any other draws the same report in twice the time.
"""

from __future__ import annotations

import struct
import sys
import zlib
from functools import lru_cache
from math import inf
from typing import Any

import pydyf
import weasyprint
from weasyprint import draw, images, svg
from weasyprint.css import AnonymousStyle, ComputedStyle
from weasyprint.css.computed_values import PHYSICAL_FUNCTIONS
from weasyprint.css.properties import INHERITED, INITIAL_NOT_COMPUTED, INITIAL_VALUES
from weasyprint.draw import border
from weasyprint.draw import text as draw_text
from weasyprint.formatting_structure import boxes
from weasyprint.layout import background, inline, percent
from weasyprint.matrix import Matrix
from weasyprint.svg.text import Style, TextBox
from weasyprint.text import line_break
from weasyprint.text.ffi import FROM_UNITS, ffi, pango

WRITTEN_FOR = "70.0"
COMPRESSION = 7  # level 9 takes three times as long to save a hundredth

_TEXT_END = 0xFFFFFFFF  # PANGO_ATTR_INDEX_TO_TEXT_END
_GLYPH = struct.Struct("=IiiiI")  # PangoGlyphInfo: glyph, width, offset right, offset down, flags
_PANGO = 14802  # before it, WeasyPrint has to mend the size of a font
_ODD_GLYPHS = 0x0FFFFFFF  # PANGO_GLYPH_EMPTY; beyond it those that no font has


def install() -> None:
    """Put the quick twins in place."""
    if (
        weasyprint.VERSION == WRITTEN_FOR
        and ffi.sizeof("PangoGlyphInfo") == _GLYPH.size
        and pango.pango_version() >= _PANGO
    ):
        _install_text()
        _install_pictures()
        _install_boxes()
        _install_pdf()


# --- text -----------------------------------------------------------------------------------------


def _install_text() -> None:
    layout = line_break.Layout
    plain_setup, plain_set_text, plain_reactivate = (
        layout.setup,
        layout.set_text,
        layout.reactivate,
    )
    plain_strut, plain_tabs, plain_draw = (
        line_break.strut,
        layout.set_tabs,
        draw_text.draw_first_line,
    )

    def setup(self: Any, style: Any) -> None:
        """A Pango layout, from a context and a font description made once for each style."""
        known = style.__dict__.get("_pango")
        if known is None:
            known = style.__dict__["_pango"] = _pango_of(style)
        self.is_plain = known is _PLAIN
        if self.is_plain:
            plain_setup(self, style)
            return
        context, description, self.language, attributes = known
        self.style = style
        self.first_line_direction = 0
        self.ascent = self.underline_position = self.strikethrough_position = None
        self.layout = ffi.gc(pango.pango_layout_new(context), line_break.gobject.g_object_unref)
        pango.pango_layout_set_auto_dir(self.layout, False)
        pango.pango_layout_set_font_description(self.layout, description)
        if attributes is not None:
            pango.pango_layout_set_attributes(self.layout, attributes)

    def set_text(self: Any, text: str, justify: bool = False) -> None:
        if self.is_plain or (justify and self.justification_spacing):
            plain_set_text(self, text, justify)
            return
        end = text.find("\n")
        if end != -1:
            text = text[: end + 2]
        self.text = text
        encoded = text.encode().replace(b"\0", b"")
        pango.pango_layout_set_text(self.layout, encoded, len(encoded))
        if b"\t" in encoded:
            self.set_tabs()

    def deactivate(self: Any) -> None:
        """Keep the layout: to lay the text out again for drawing costs more than the memory."""

    def reactivate(self: Any, style: Any) -> None:
        if self.is_plain or self.justification_spacing:
            plain_reactivate(self, style)

    def set_tabs(self: Any) -> None:
        size = self.style["tab_size"]
        if isinstance(size, int):
            plain_tabs(self)
            return
        pango.pango_layout_set_tabs(self.layout, _tabs(int(size.value) or 1))

    def strut(style: Any) -> Any:
        found = style.__dict__.get("_strut")
        if found is None:
            pango_of = style.__dict__.get("_pango") or _pango_of(style)
            known = style.font_config.__dict__.setdefault("_struts", {})
            key = id(pango_of), style["line_height"]
            found = known.get(key)
            if found is None:
                found = plain_strut(style)
                if pango_of is not _PLAIN:  # what it was made from is kept, so its id is too
                    known[key] = found
            style.__dict__["_strut"] = found
        return found

    def draw_first_line(
        stream: Any, textbox: Any, text_overflow: str, block_ellipsis: Any, matrix: Any
    ) -> Any:
        if text_overflow != "ellipsis" and block_ellipsis == "none":
            if not textbox.text.strip() or textbox.style["font_size"] < 1e-6:
                return []
            runs = _runs_of(stream, textbox.pango_layout)
            if runs is not None:
                stream.set_text_matrix(*matrix.values)
                for font, size, shown in runs:
                    stream.set_font_size(font, size)
                    stream.show_text(shown)
                return []
        return plain_draw(stream, textbox, text_overflow, block_ellipsis, matrix)

    layout.setup, layout.set_text, layout.set_tabs = setup, set_text, set_tabs
    layout.deactivate, layout.reactivate = deactivate, reactivate
    line_break.strut = inline.strut = strut
    inline.can_break_text = line_break.can_break_text = lru_cache(4096)(line_break.can_break_text)
    draw_text.draw_first_line = draw_first_line


_PLAIN: tuple[Any, ...] = ()
_FONT = {"lang", "direction", "letter_spacing", "word_spacing", "overflow_wrap"} | {
    name for name in INITIAL_VALUES if name.startswith(("font_", "text_decoration_"))
}


def _pango_of(style: Any) -> tuple[Any, ...]:
    """Context, font description, language and attributes for texts in this style, made once."""
    parent = getattr(style, "parent_style", None)
    if (
        parent is not None
        and (isinstance(style, AnonymousStyle) or _FONT.isdisjoint(style.cascaded))
        # A style that was copied may have been given values that no rule sets.
        and all(style[name] == parent[name] for name in _FONT if name in style)
    ):
        known: tuple[Any, ...] | None = parent.__dict__.get("_pango")
        if known is None:
            known = parent.__dict__["_pango"] = _pango_of(parent)
        return known
    is_plain = (
        style["text_decoration_line"] != "none"
        or style["letter_spacing"] not in ("normal", 0)
        or style["word_spacing"]
        or style["font_language_override"] != "normal"
        or style["font_variation_settings"] != "normal"
        or line_break.font_features(
            style["font_kerning"],
            style["font_variant_ligatures"],
            style["font_variant_position"],
            style["font_variant_caps"],
            style["font_variant_numeric"],
            style["font_variant_alternates"],
            style["font_variant_east_asian"],
            style["font_feature_settings"],
        )
    )
    if is_plain:
        return _PLAIN
    key = (
        *style["font_family"],
        style["font_style"],
        style["font_stretch"],
        style["font_weight"],
        style["font_size"],
        style["lang"],
        style["direction"],
        style["overflow_wrap"],
    )
    made: dict[Any, tuple[Any, ...]] = style.font_config.__dict__.setdefault("_pango", {})
    if key not in made:
        context = ffi.gc(
            pango.pango_font_map_create_context(style.font_config.font_map),
            line_break.gobject.g_object_unref,
        )
        pango.pango_context_set_round_glyph_positions(context, False)
        pango.pango_context_set_base_dir(context, line_break.PANGO_DIRECTION[style["direction"]])
        language = pango.pango_language_get_default()
        if style["lang"]:
            language = pango.pango_language_from_string(style["lang"].encode())
            pango.pango_context_set_language(context, language)
        attributes = None
        if style["overflow_wrap"] in ("anywhere", "break-word"):
            attributes = ffi.gc(pango.pango_attr_list_new(), pango.pango_attr_list_unref)
            no_hyphens = pango.pango_attr_insert_hyphens_new(False)
            no_hyphens.start_index, no_hyphens.end_index = 0, _TEXT_END
            pango.pango_attr_list_change(attributes, no_hyphens)
        made[key] = context, line_break.get_font_description(style), language, attributes
    return made[key]


@lru_cache(64)
def _tabs(width: int) -> Any:
    return ffi.gc(
        pango.pango_tab_array_new_with_positions(1, True, pango.PANGO_TAB_LEFT, width),
        pango.pango_tab_array_free,
    )


def _runs_of(stream: Any, layout: Any) -> list[tuple[Any, float, str]] | None:
    """Font, size and glyphs of each run of a line; None where a glyph is out of the ordinary."""
    if "\n" in layout.text:
        pango.pango_layout_set_single_paragraph_mode(layout.layout, True)
    line = pango.pango_layout_get_line_readonly(layout.layout, 0)
    fonts = stream.__dict__.setdefault("_pango_fonts", {})
    made: list[tuple[Any, float, str]] = []
    shown: list[str] = []
    previous = None
    font: Any = None
    size = 0.0
    run = line.runs[0]
    while run != ffi.NULL:
        found = run.data
        run = run.next
        pango_font = found.item.analysis.font
        if pango_font != previous:
            previous = pango_font
            if shown:
                made.append((font.hash, size, "".join(shown)))
                shown = []
            entry = fonts.get(pango_font)
            if entry is None:
                # With the layout, which keeps the font at this address.
                entry = fonts[pango_font] = (*stream.add_font(pango_font), layout.layout)
            font, size, _ = entry
            if font.bitmap or font.png or font.svg or font.colr:
                return None
            pieces = font.__dict__.setdefault("_pieces", {}).setdefault(size, {})
        string = found.glyphs
        count = string.num_glyphs
        shown.append("<")
        glyphs = _GLYPH.iter_unpack(ffi.buffer(string.glyphs, count * _GLYPH.size))
        for place, (glyph, width, right, down, _) in enumerate(glyphs):
            if right or down:
                return None
            piece = pieces.get((glyph, width))
            if piece is None:
                if glyph >= _ODD_GLYPHS:
                    return None
                _note_text(font, glyph, found, place, layout.text)
                piece = pieces[glyph, width] = _piece(stream, pango_font, font, size, glyph, width)
            shown.append(piece)
        shown.append(">")
    made.append((font.hash, size, "".join(shown)))
    return made


def _note_text(font: Any, glyph: int, found: Any, place: int, text: str) -> None:
    """Remember which text the glyph stands for."""
    if glyph in font.to_unicode:
        return
    item, clusters = found.item, found.glyphs.log_clusters
    if item.analysis.level % 2:  # right to left
        end = item.length if place == 0 else clusters[place - 1]
    else:
        end = item.length if place == found.glyphs.num_glyphs - 1 else clusters[place + 1]
    start = item.offset + clusters[place]
    font.to_unicode[glyph] = text.encode()[start : item.offset + end].decode()


def _piece(stream: Any, pango_font: Any, font: Any, size: float, glyph: int, width: int) -> str:
    """The glyph as it is written, and how much closer than its width the next one stands."""
    if glyph not in font.widths:
        pango.pango_font_get_glyph_extents(pango_font, glyph, stream.ink_rect, stream.logical_rect)
        font.widths[glyph] = round(stream.logical_rect.width * 1000 * FROM_UNITS / size)
    closer = int(font.widths[glyph] - width * 1000 * FROM_UNITS / size)
    return f"{glyph:04x}>{closer}<" if closer else f"{glyph:04x}"


# --- pictures -------------------------------------------------------------------------------------

_WORDS_MAY_HAVE = {"x", "y", "fill", "fill-opacity", "text-anchor", "transform"} | {
    f"font-{name}" for name in ("family", "size", "weight")
}
_SHIFT = {"start": 0.0, "middle": -0.5, "end": -1.0}


def _install_pictures() -> None:
    plain_draw_node = svg.SVG.draw_node

    def draw_node(
        self: Any, node: Any, font_size: float, fill_stroke: bool = True, context: Any = None
    ) -> None:
        """WeasyPrint sets words in pictures letter by letter, and those not at the start aside."""
        if (
            node.tag == "text"
            and fill_stroke
            and node.text
            and _WORDS_MAY_HAVE.issuperset(node.attrib)
            and node.get("fill", "").startswith("#")
            and not len(node._etree_node)
        ):
            _draw_words(self, node, svg.size(node.get("font-size", "1em"), font_size, font_size))
        else:
            plain_draw_node(self, node, font_size, fill_stroke, context)

    plain_draw = images.SVGImage.draw

    def draw_picture(self: Any, stream: Any, width: float, height: float, style: Any) -> None:
        """Draw a picture; one that was drawn before in this size is drawn in the same strokes."""
        drawn = self.__dict__.setdefault("_drawn", {})
        key = width, height, id(stream._resources)
        if key not in drawn:
            stream._current_color = stream._current_color_stroke = None
            stream._current_alpha = stream._current_alpha_stroke = None
            start = len(stream.stream)
            plain_draw(self, stream, width, height, style)
            drawn[key] = stream.stream[start:]
            return
        stream.stream.extend(drawn[key])
        stream._current_color = stream._current_color_stroke = None
        stream._current_alpha = stream._current_alpha_stroke = None
        stream._current_font = None

    svg.SVG.draw_node = draw_node
    images.SVGImage.draw = draw_picture


def _draw_words(picture: Any, node: Any, font_size: float) -> None:
    stream, style = picture.stream, _style_of(picture, node, font_size)
    layout, _, _, width, _, _ = line_break.split_first_line(
        node.text, style, picture.context, inf, 0
    )
    x, y = picture.point(node.get("x"), node.get("y"), font_size)
    x += width * _SHIFT[node.get("text-anchor", "start")]
    _, fill = node.get_paint("fill")
    paint = svg.color(fill)
    paint.alpha *= svg.alpha_value(node.get("fill-opacity", 1))
    stream.push_state()
    picture.transform(node, font_size)
    stream.set_color(paint)
    stream.begin_text()
    draw_text.draw_first_line(
        stream, TextBox(layout, style), "none", "none", Matrix(d=-1, e=x, f=y)
    )
    stream.end_text()
    stream.pop_state()


def _style_of(picture: Any, node: Any, font_size: float) -> Any:
    known = picture.font_config.__dict__.setdefault("_words", {})
    key = node.get("font-family", "sans-serif"), node.get("font-weight", "400"), font_size
    if key not in known:
        style = known[key] = Style(INITIAL_VALUES)
        style.font_config = picture.font_config
        style["font_family"] = [name.strip("\"'") for name in key[0].split(",")]
        style["font_weight"] = {"normal": 400, "bold": 700}.get(key[1]) or int(key[1])
        style["font_size"] = font_size
    return known[key]


# --- boxes ----------------------------------------------------------------------------------------


_SIDES = ("left", "right", "top", "bottom")
# Properties whose value, where no rule sets it, is the parent's or the initial one as it stands.
# A line without a style has no width.
_LINE_STYLES = {
    key: key.replace("width", "style")
    for key in ("outline_width", *(f"border_{side}_width" for side in _SIDES))
}
_SIMPLE: dict[str, tuple[str, ...]] = {
    key: ()
    for key in INITIAL_VALUES
    if key not in ("position", "float", "display", "page")
    and not key.startswith("text_decoration_")
    and (key in INHERITED or key in _LINE_STYLES or key not in INITIAL_NOT_COMPUTED)
}
# A rule may set it by its place in the line's direction instead.
for _name, _logical in PHYSICAL_FUNCTIONS.items():
    if _name in _SIMPLE:
        _SIMPLE[_name] = tuple({_logical(block="ttb", inline=way) for way in ("ltr", "rtl")})


class _Probe:
    """Stands for a box that has a style and nothing else."""

    def __init__(self, style: Any) -> None:
        self.style = style


_USED = ("box_sizing", *(f"border_{side}_width" for side in _SIDES))
_LENGTHS = tuple(
    f"{name}{side}"
    for name, sides in (
        ("margin_", _SIDES),
        ("padding_", _SIDES),
        ("min_", ("width", "height")),
        ("max_", ("width", "height")),
        ("", ("width", "height")),
    )
    for side in sides
)


def _install_boxes() -> None:
    plain_resolve = percent.resolve_percentages
    plain_missing, plain_anonymous = ComputedStyle.__missing__, AnonymousStyle.__missing__
    plain_backgrounds = background.layout_box_backgrounds
    plain_outline, plain_border = border.draw_outline, border.draw_border
    plain_flow, plain_floated = boxes.Box.is_in_normal_flow, boxes.Box.is_floated

    def resolve_percentages(box: Any, containing_block: Any) -> None:
        """The used lengths of a box; where none is a percentage they are the same every time."""
        style = box.style
        known = style.__dict__.get("_lengths")
        if known is None:
            known = style.__dict__["_lengths"] = _lengths_of(style, plain_resolve)
        if not known:
            plain_resolve(box, containing_block)
            return
        height = (
            containing_block[1] if isinstance(containing_block, tuple) else containing_block.height
        )
        box.__dict__.update(known[height == "auto"])

    def missing(self: Any, key: str) -> Any:
        """The value of a property that no rule sets and that is asked for the first time."""
        parent = self.parent_style
        logical = _SIMPLE.get(key)
        if logical is None or parent is None or key in self.cascaded:
            return plain_missing(self, key)
        for name in logical:
            if name in self.cascaded:
                return plain_missing(self, key)
        if key in INHERITED:
            value = parent[key]
        elif key in _LINE_STYLES:
            if self[_LINE_STYLES[key]] not in ("none", "hidden"):
                return plain_missing(self, key)
            value = 0
        else:
            value = INITIAL_VALUES[key]
        self[key] = value
        return value

    def anonymous_missing(self: Any, key: str) -> Any:
        if key in INHERITED:
            value = self[key] = self.parent_style[key]
        elif key in _SIMPLE:
            value = self[key] = INITIAL_VALUES[key]
        else:
            value = plain_anonymous(self, key)
        return value

    def layout_box_backgrounds(
        page: Any, box: Any, get_image: Any, layout_children: bool = True, style: Any = None
    ) -> None:
        """Most boxes have no background."""
        bare = None if style else box.style.__dict__.get("_bare")
        if bare is None and style is None:
            bare = box.style.__dict__["_bare"] = _is_bare(box.style)
        if not bare or box is page:
            plain_backgrounds(page, box, get_image, layout_children, style)
            return
        getattr(box, "_box", box).__dict__.update(_BARE)  # a placeholder stands for its box
        if layout_children:
            for child in box.all_children():
                layout_box_backgrounds(page, child, get_image)

    def draw_outline(stream: Any, box: Any) -> None:
        if box.style["outline_width"]:
            plain_outline(stream, box)
            return
        for child in box.children:
            if isinstance(child, boxes.Box):
                draw_outline(stream, child)

    def draw_border(stream: Any, box: Any) -> None:
        if (
            box.border_top_width
            or box.border_bottom_width
            or box.border_left_width
            or box.border_right_width
            or not box.style.__dict__.get("_bare")
        ):
            plain_border(stream, box)

    def is_in_normal_flow(self: Any) -> bool:
        known: bool | None = self.style.__dict__.get("_in_flow")
        if known is None:
            known = self.style.__dict__["_in_flow"] = plain_flow(self)
        return known

    def is_floated(self: Any) -> bool:
        known: bool | None = self.style.__dict__.get("_floated")
        if known is None:
            known = self.style.__dict__["_floated"] = plain_floated(self)
        return known

    background.layout_box_backgrounds = layout_box_backgrounds
    border.draw_outline = draw.draw_outline = draw_outline
    border.draw_border = draw.draw_border = draw_border
    boxes.Box.is_in_normal_flow, boxes.Box.is_floated = is_in_normal_flow, is_floated
    percent.resolve_percentages = resolve_percentages
    for module in list(sys.modules.values()):
        if getattr(module, "resolve_percentages", None) is plain_resolve:
            module.__dict__["resolve_percentages"] = resolve_percentages
    ComputedStyle.__missing__ = missing
    AnonymousStyle.__missing__ = anonymous_missing


_BARE = {"background": None} | {
    f"border_{corner}_radius": (0, 0)
    for corner in ("top_left", "top_right", "bottom_right", "bottom_left")
}


def _is_bare(style: Any) -> bool:
    """Whether boxes of this style have neither background, picture, shadow, columns nor corners."""
    color = style["background_color"]
    return (
        style["border_image_source"][0] == "none"
        and style["mask_border_source"][0] == "none"
        and style["visibility"] == "visible"
        and color != "currentcolor"
        and color.alpha == 0
        and all(kind == "none" for kind, _ in style["background_image"])
        and not style["box_shadow"]
        and style["column_width"] == style["column_count"] == "auto"
        and all((0, "px") in style[name] for name in _BARE if name != "background")
    )


def _lengths_of(style: Any, plain: Any) -> tuple[Any, ...]:
    """The used lengths, in a block of a known height and in one of any; () if not fixed."""
    values = tuple([style[name] for name in _LENGTHS])
    if style["border_collapse"] == "collapse" or any(
        value != "auto" and getattr(value, "unit", None) != "px" for value in values
    ):
        return ()
    key = values, tuple([style[name] for name in _USED])
    if key not in _known_lengths:
        made = []
        for height in (0, "auto"):
            probe = _Probe(style)
            plain(probe, (0, height))
            del probe.style
            made.append(vars(probe))
        _known_lengths[key] = tuple(made)
    return _known_lengths[key]


_known_lengths: dict[Any, tuple[Any, ...]] = {}


# --- the file -------------------------------------------------------------------------------------


def _install_pdf() -> None:
    plain_write, plain_to_bytes = pydyf.PDF.write, pydyf._to_bytes

    def to_bytes(item: Any) -> bytes:
        kind = type(item)
        if kind is bytes:
            return item  # type: ignore[no-any-return]  # as its type says
        if kind is str:
            return item.encode("ascii")  # type: ignore[no-any-return]
        if kind is int:
            return b"%d" % item
        return plain_to_bytes(item)  # type: ignore[no-any-return]

    def dictionary(self: Any) -> bytes:
        known = self.__dict__.get("_bytes")
        if known:
            return known  # type: ignore[no-any-return]
        made = b"".join(
            [b"<<", *[b"/%b %b" % (to_bytes(k), to_bytes(v)) for k, v in self.items()], b">>"]
        )
        if known is not None:
            self._bytes = made
        return made

    def stream(self: Any) -> bytes:
        known = self.__dict__.get("_bytes")
        if known:
            return known  # type: ignore[no-any-return]
        body = b"\n".join([to_bytes(item) for item in self.stream])
        extra = pydyf.Dictionary(self.extra.copy())
        if self.compress:
            extra["Filter"] = "/FlateDecode"
            body = zlib.compress(body, COMPRESSION)
        extra["Length"] = len(body)
        made = b"\n".join((extra.data, b"stream", body, b"endstream"))
        if known is not None:
            self._bytes = made
        return made

    def write(self: Any, output: Any, *options: Any, **named: Any) -> None:
        """Write the file; from here on nothing changes, so each object is put in bytes once."""
        for found in self.objects:
            found._bytes = b""
        plain_write(self, output, *options, **named)

    pydyf._to_bytes = to_bytes
    pydyf.Dictionary.data = property(dictionary)
    pydyf.Stream.data = property(stream)
    pydyf.PDF.write = write
