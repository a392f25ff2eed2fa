"""Draw the diagrams of the documentation: `python scripts/diagrams.py` writes docs/images/*.svg from docs/diagrams.

A diagram is a text: `flow` files say where boxes stand and what leads where, `sequence` files are sequence diagrams in the
words of Mermaid. The pictures follow the scheme of the page, light or dark, and need nothing at run time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[1] / "docs"
SOURCES = DOCS / "diagrams"
IMAGES = DOCS / "images"

STYLE = """
svg { --back: #ffffff; --box: #eef2ff; --line: #4f46e5; --text: #1e1b4b; --edge: #64748b; --note: #475569;
      --good: #dcfce7; --good-line: #16a34a; --bad: #fee2e2; --bad-line: #dc2626; --ask: #fef9c3; --ask-line: #ca8a04; }
@media (prefers-color-scheme: dark) {
  svg { --back: #1b1d27; --box: #2b2f4a; --line: #818cf8; --text: #e0e7ff; --edge: #94a3b8; --note: #cbd5e1;
        --good: #14391f; --good-line: #4ade80; --bad: #46191c; --bad-line: #f87171; --ask: #3b3413; --ask-line: #facc15; }
}
text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--text); }
.back { fill: var(--back); }
.box { fill: var(--box); stroke: var(--line); stroke-width: 1.5; }
.good { fill: var(--good); stroke: var(--good-line); }
.bad { fill: var(--bad); stroke: var(--bad-line); }
.ask { fill: var(--ask); stroke: var(--ask-line); }
.group { fill: none; stroke: var(--edge); stroke-dasharray: 4 4; }
.edge { fill: none; stroke: var(--edge); stroke-width: 1.5; }
.dashed { stroke-dasharray: 5 4; }
.head { fill: var(--edge); }
.label { font-size: 12px; fill: var(--note); paint-order: stroke; stroke: var(--back); stroke-width: 5px; }
.middle { text-anchor: middle; }
""".strip()
CELL_WIDTH, CELL_HEIGHT, BOX_HEIGHT, MARGIN = 190, 104, 46, 24
LINE_HEIGHT = 17
LETTER = 7.4
"""How wide a letter is on average, in the fonts of the style."""


class Box(NamedTuple):
    """A box of a flow: the middle, the size and the text."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    text: str


def main() -> None:
    """Write all diagrams that have a text."""
    for source in sorted(SOURCES.iterdir()):
        (IMAGES / f"{source.stem}.svg").write_text(drawn(source))


def drawn(source: Path) -> str:
    """Return the picture of a text."""
    draw = sequence if source.suffix == ".sequence" else flow
    return draw(source.read_text())


def picture(width: float, height: float, title: str, shapes: Iterator[str]) -> str:
    """Return an SVG of some shapes."""
    marker = (
        '<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="head" d="M 0 0 L 10 5 L 0 10 z"/></marker>'
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'height="{height:g}" role="img" aria-label="{escape(title)}">',
            f"<style>\n{STYLE}\n</style>",
            f"<defs>{marker}</defs>",
            f'<rect class="back" width="{width:g}" height="{height:g}" rx="10"/>',
            *shapes,
            "</svg>\n",
        ]
    )


def lines_of_text(x: float, y: float, text: str, style: str = "") -> Iterator[str]:
    """Yield a text in lines around its middle; `/` ends a line."""
    lines = [line.strip() for line in text.split(" / ")]
    top = y - (len(lines) - 1) * LINE_HEIGHT / 2
    for number, line in enumerate(lines):
        yield f'<text class="middle {style}" x="{x:g}" y="{top + number * LINE_HEIGHT + 5:g}">{escape(line)}</text>'


def flow(text: str) -> str:
    """Draw boxes on a grid and the arrows between them.

    The lines are `title: TEXT`, `NAME [KIND] at COLUMN ROW: TEXT` and `NAME -> NAME: LABEL`. An arrow between boxes that are
    neither in one row nor in one column goes along the row first, or with `|>` along the column first.
    """
    title, boxes, arrows = "", dict[str, Box](), list[tuple[str, str, str, str]]()
    for line in filter(str.strip, text.splitlines()):
        if found := re.fullmatch(r"title: (.+)", line):
            title = found[1]
        elif found := re.fullmatch(r"([\w.]+)(?: \[(\w+)\])? at ([\d.]+) ([\d.]+): (.+)", line):
            name, kind, column, row, words = found.groups()
            parts = words.split(" / ")
            width = max(84.0, max(len(part) for part in parts) * LETTER + 26)
            x, y = float(column) * CELL_WIDTH, float(row) * CELL_HEIGHT
            boxes[name] = Box(x, y, width, BOX_HEIGHT + (len(parts) - 1) * LINE_HEIGHT, kind or "", words)
        elif found := re.fullmatch(r"([\w.]+) (->|\|>) ([\w.]+)(?:: (.+))?", line):
            start, direction, end, label = found.groups()
            arrows.append((start, direction, end, label or ""))
        else:
            raise ValueError(f"This line says nothing that a flow knows: {line}")
    left = min(box.x - box.width / 2 for box in boxes.values()) - MARGIN
    top = min(box.y - box.height / 2 for box in boxes.values()) - MARGIN
    boxes = {name: box._replace(x=box.x - left, y=box.y - top) for name, box in boxes.items()}
    width = max(box.x + box.width / 2 for box in boxes.values()) + MARGIN
    height = max(box.y + box.height / 2 for box in boxes.values()) + MARGIN

    def shapes() -> Iterator[str]:
        for start, direction, end, label in arrows:
            yield from arrow(boxes[start], boxes[end], label, along_row=direction == "->")
        for box in boxes.values():
            yield (
                f'<rect class="box {box.kind}" x="{box.x - box.width / 2:g}" y="{box.y - box.height / 2:g}" '
                f'width="{box.width:g}" height="{box.height:g}" rx="8"/>'
            )
            yield from lines_of_text(box.x, box.y, box.text)

    return picture(width, height, title, shapes())


def arrow(start: Box, end: Box, label: str, *, along_row: bool) -> Iterator[str]:
    """Yield an arrow with its label."""
    right, down = (end.x > start.x) - (end.x < start.x), (end.y > start.y) - (end.y < start.y)
    if start.y == end.y:
        points = [(start.x + right * start.width / 2, start.y), (end.x - right * end.width / 2, end.y)]
    elif start.x == end.x:
        points = [(start.x, start.y + down * start.height / 2), (end.x, end.y - down * end.height / 2)]
    elif along_row:
        points = [
            (start.x + right * start.width / 2, start.y),
            (end.x, start.y),
            (end.x, end.y - down * end.height / 2),
        ]
    else:
        points = [
            (start.x, start.y + down * start.height / 2),
            (start.x, end.y),
            (end.x - right * end.width / 2, end.y),
        ]
    path = " L ".join(f"{x:g} {y:g}" for x, y in points)
    yield f'<path class="edge" d="M {path}" marker-end="url(#head)"/>'
    if label:
        (x1, y1), (x2, y2) = points[-2:] if start.x == end.x or start.y == end.y else points[:2]
        if not along_row and start.x != end.x and start.y != end.y:
            (x1, y1), (x2, y2) = points[-2:]
        x, y = (x1 + x2) / 2, (y1 + y2) / 2
        yield from lines_of_text(x, y - (13 if y1 == y2 else 0), label, "label")


def layers(title: str, groups: dict[str, list[str]], arrows: set[tuple[str, str]]) -> str:
    """Draw groups of boxes one below the other, and the arrows between boxes as straight lines.

    An arrow may lead to a whole group.
    """
    rows: list[list[str]] = []
    bounds = dict[str, tuple[int, int]]()
    for group, names in groups.items():
        depth = dict.fromkeys(names, 0)
        inner = [(a, b) for a, b in sorted(arrows) if a in depth and b in depth]
        for _ in names:
            for a, b in inner:
                depth[b] = max(depth[b], depth[a] + 1)
        first = len(rows)
        for level in range(max(depth.values()) + 1):
            rows.append([name for name in names if depth[name] == level])
        bounds[group] = (first, len(rows) - 1)
    cell = 148
    columns = max(len(row) for row in rows)
    width = columns * cell + 2 * MARGIN + 20
    tops = [60 + number * 84 for number in range(len(rows))]
    for first, _ in list(bounds.values())[1:]:
        shift = 34
        tops = [top + shift if number >= first else top for number, top in enumerate(tops)]
    places = dict[str, Box]()
    for row, top in zip(rows, tops, strict=True):
        begin = (width - len(row) * cell) / 2 + cell / 2
        for number, name in enumerate(row):
            places[name] = Box(begin + number * cell, top, cell - 24, 38, "", name)
    for group, (first, last) in bounds.items():
        upper, lower = tops[first] - 42, tops[last] + 30
        places[group] = Box(width / 2, (upper + lower) / 2, width - 2 * MARGIN, lower - upper, "group", group)

    def shapes() -> Iterator[str]:
        for group in groups:
            box = places[group]
            x, y = box.x - box.width / 2, box.y - box.height / 2
            yield f'<rect class="group" x="{x:g}" y="{y:g}" width="{box.width:g}" height="{box.height:g}" rx="10"/>'
            yield f'<text class="label" x="{x + 10:g}" y="{y + 16:g}">{escape(group)}</text>'
        for start, end in sorted(arrows):
            a, b = places[start], places[end]
            x = min(max(a.x, b.x - b.width / 2 + 10), b.x + b.width / 2 - 10) if end in groups else b.x
            if a.y + a.height / 2 < b.y - b.height / 2:
                ends = (a.x, a.y + a.height / 2, x, b.y - b.height / 2)
            else:
                side = 1 if b.x > a.x else -1
                ends = (a.x + side * a.width / 2, a.y, b.x - side * b.width / 2, b.y)
            yield '<path class="edge" d="M {:g} {:g} L {:g} {:g}" marker-end="url(#head)"/>'.format(*ends)
        for name, box in places.items():
            if name not in groups:
                yield (
                    f'<rect class="box" x="{box.x - box.width / 2:g}" y="{box.y - box.height / 2:g}" '
                    f'width="{box.width:g}" height="{box.height:g}" rx="8"/>'
                )
                yield from lines_of_text(box.x, box.y, name)

    return picture(width, tops[-1] + 54, title, shapes())


def sequence(text: str) -> str:
    """Draw a sequence diagram that is written as Mermaid has it: participants, messages, and `alt`, `else`, `end`."""
    title, people, steps = "", dict[str, str](), list[tuple[str, ...]]()
    for line in filter(None, map(str.strip, text.splitlines())):
        if found := re.fullmatch(r"%% (.+)", line):
            title = found[1]
        elif found := re.fullmatch(r"participant (\w+)(?: as (.+))?", line):
            people[found[1]] = found[2] or found[1]
        elif found := re.fullmatch(r"(\w+)(-?->>)(\w+): (.+)", line):
            steps.append(("message", *found.groups()))
        elif found := re.fullmatch(r"(alt|else) (.+)", line):
            steps.append((found[1], found[2]))
        elif line == "end":
            steps.append(("end",))
        elif line != "sequenceDiagram":
            raise ValueError(f"This line says nothing that a sequence diagram knows: {line}")
    names = list(people)
    widths = [max(100.0, len(people[name]) * LETTER + 20) for name in names]
    gaps = [(widths[number] + widths[number + 1]) / 2 + 24 for number in range(len(names) - 1)]
    for kind, *rest in steps:
        if kind == "message" and rest[0] != rest[2]:
            first, last = sorted((names.index(rest[0]), names.index(rest[2])))
            wanted = len(rest[3]) * 6.4 + 30
            lacking = wanted - sum(gaps[first:last])
            if lacking > 0:
                for number in range(first, last):
                    gaps[number] += lacking / (last - first)
    places, x = dict[str, float](), MARGIN + widths[0] / 2
    for number, name in enumerate(names):
        places[name] = x
        x += gaps[number] if number < len(gaps) else 0
    loose = max(
        (len(rest[3]) * 6.4 + 50 for kind, *rest in steps if kind == "message" and rest[0] == rest[2] == names[-1]),
        default=0,
    )
    width = places[names[-1]] + max(widths[-1] / 2, loose) + MARGIN
    height = 80 + 38 * len(steps) + 30

    def shapes() -> Iterator[str]:
        for name in names:
            yield f'<path class="edge dashed" d="M {places[name]:g} 60 L {places[name]:g} {height - 20:g}"/>'
        y, opened = 86.0, list[float]()
        for kind, *rest in steps:
            if kind == "message":
                start, style, end, words = rest
                dashed = " dashed" if style.startswith("--") else ""
                a, b = places[start], places[end]
                if a == b:
                    yield f'<path class="edge" d="M {a:g} {y - 6:g} h 26 v 14 h -22" marker-end="url(#head)"/>'
                    yield f'<text class="label" x="{a + 34:g}" y="{y + 5:g}">{escape(words)}</text>'
                else:
                    yield f'<path class="edge{dashed}" d="M {a:g} {y:g} L {b:g} {y:g}" marker-end="url(#head)"/>'
                    yield from lines_of_text((a + b) / 2, y - 11, words, "label")
            elif kind == "end":
                top = opened.pop()
                yield f'<rect class="group" x="10" y="{top:g}" width="{width - 20:g}" height="{y - top:g}" rx="8"/>'
            else:
                if kind == "alt":
                    opened.append(y - 22)
                else:
                    yield f'<path class="edge dashed" d="M 10 {y - 22:g} L {width - 10:g} {y - 22:g}"/>'
                yield f'<text class="label" x="20" y="{y - 4:g}">{escape(f"{kind} {rest[0]}")}</text>'
            y += 38
        for name, wide in zip(names, widths, strict=True):
            yield f'<rect class="box" x="{places[name] - wide / 2:g}" y="20" width="{wide:g}" height="40" rx="8"/>'
            yield from lines_of_text(places[name], 40, people[name])

    return picture(width, height, title, shapes())


if __name__ == "__main__":
    main()
