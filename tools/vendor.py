"""Build var/vendor/tabler: the stylesheet, and one sprite of the icons that the pages use."""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from tools.project import ROOT, VAR, SetupError

SVG = "{http://www.w3.org/2000/svg}"
NODE_MODULES = ROOT / "node_modules"
STYLESHEET = NODE_MODULES / "@tabler" / "core" / "dist" / "css" / "tabler.min.css"
OUTLINE_ICONS = NODE_MODULES / "@tabler" / "icons" / "icons" / "outline"
TARGET = VAR / "vendor" / "tabler"
STROKE_WIDTH = "1.8"

# The ways in which a template, a script or a stylesheet names an icon outright.
ICON_IN_TEXT = re.compile(
    r"""\{%\s*icon\s+["']([a-z0-9-]+)["']"""
    r"""|icons\.svg["']?\s*%?\}?#([a-z0-9-]+)"""
    r"""|\b(?:\w+_)?icon\s*=\s*["']([a-z0-9-]+)["']"""
)
ICON_VARIABLE = re.compile(r"(?:.*_)?icons?", re.IGNORECASE)
ICON_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def icon_sources(root: Path = ROOT) -> list[Path]:
    """Every file in which an icon may be named: templates, scripts and the code behind pages."""
    templates = [
        path
        for folder in (root / "templates", root / "compliance")
        for pattern in ("*.html", "*.js", "*.svg")
        for path in folder.rglob(pattern)
    ]
    return sorted({*templates, *(root / "compliance").rglob("*.py")})


def used_icons(sources: Iterable[Path]) -> dict[str, list[Path]]:
    """The icon names that these files use, each with the files that name it."""
    used: dict[str, list[Path]] = {}
    for path in sources:
        text = path.read_text(encoding="utf-8")
        names = {name for match in ICON_IN_TEXT.finditer(text) for name in match.groups() if name}
        if path.suffix == ".py":
            names = set(_icons_in_python(ast.parse(text, filename=str(path))))
        for name in names:
            used.setdefault(name, []).append(path)
    return used


def possible_icons(sources: Iterable[Path], icons: Path) -> set[str]:
    """Every string in the code that happens to be an icon's name.

    It may reach a template through any variable; one symbol too many costs less than one missing.
    """
    strings = {
        node.value
        for path in sources
        if path.suffix == ".py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {
        name for name in strings if ICON_NAME.fullmatch(name) and (icons / f"{name}.svg").is_file()
    }


def _icons_in_python(tree: ast.AST) -> Iterator[str]:
    """Strings given to anything called `icon` or `…_icon(s)`: a variable, argument or dict key."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=targets, value=value):
                named = any(_is_icon_variable(target) for target in targets)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                named = _is_icon_variable(target)
            case ast.keyword(arg=str(arg), value=value):
                named = ICON_VARIABLE.fullmatch(arg) is not None
            case ast.Dict(keys=keys, values=values):
                for key, item in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and _is_icon_word(key.value):
                        yield from _icon_strings(item)
                continue
            case _:
                continue
        if named:
            yield from _icon_strings(value)


def _is_icon_word(value: object) -> bool:
    return isinstance(value, str) and ICON_VARIABLE.fullmatch(value) is not None


def _is_icon_variable(target: ast.expr) -> bool:
    match target:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _is_icon_word(name)
    return False


def _icon_strings(value: ast.expr) -> Iterator[str]:
    match value:
        case ast.Constant(value=str(name)) if ICON_NAME.fullmatch(name):
            yield name
        case ast.Dict(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
            for item in values:
                yield from _icon_strings(item)
        case ast.IfExp(body=body, orelse=orelse):
            yield from _icon_strings(body)
            yield from _icon_strings(orelse)


def build_sprite(names: dict[str, list[Path]], icons: Path) -> str:
    """One SVG of a <symbol> per icon, or a SetupError that lists every name Tabler lacks."""
    missing = {
        name: files for name, files in names.items() if not (icons / f"{name}.svg").is_file()
    }
    if missing:
        lines = [
            f"    {name}: named in {', '.join(_short(path) for path in files)}"
            for name, files in missing.items()
        ]
        raise SetupError(
            "These icons are not among Tabler's outline icons:\n"
            + "\n".join(lines)
            + f"\nChoose a name from {_short(icons)} (the file's name without .svg)."
        )
    symbols = [_symbol(name, icons / f"{name}.svg") for name in sorted(names)]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def _symbol(name: str, source: Path) -> str:
    drawing = ET.parse(source).getroot()
    shapes: list[str] = []
    for shape in drawing:
        if shape.get("stroke") == "none" and shape.get("fill") == "none":
            continue  # Tabler's invisible 24 by 24 frame
        shape.tag = shape.tag.removeprefix(SVG)
        shape.tail = None
        shapes.append(ET.tostring(shape, encoding="unicode"))
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-width="{STROKE_WIDTH}" stroke-linecap="round" stroke-linejoin="round">'
        + "".join(shapes)
        + "</symbol>"
    )


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def stylesheet(source: str) -> str:
    """Tabler's stylesheet without its source map comment, which names a file we do not serve."""
    return re.sub(r"/\*# sourceMappingURL=.*?\*/", "", source).rstrip() + "\n"


def build(target: Path = TARGET) -> int:
    """Write stylesheet, sprite and licences to the target; returns the number of icons."""
    sources = icon_sources()
    names = used_icons(sources)
    for name in possible_icons(sources, OUTLINE_ICONS):
        names.setdefault(name, [])
    sprite = build_sprite(names, OUTLINE_ICONS)
    target.mkdir(parents=True, exist_ok=True)
    (target / "tabler.min.css").write_text(
        stylesheet(STYLESHEET.read_text(encoding="utf-8")), encoding="utf-8"
    )
    (target / "icons.svg").write_text(sprite, encoding="utf-8")
    shutil.copyfile(OUTLINE_ICONS.parent.parent / "LICENSE", target / "LICENSE.txt")
    return len(names)
