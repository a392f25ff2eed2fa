"""Record a session of the command `pamela` into docs/images: session.svg, its end, and session.cast, all of it.

The commands are real, in a pseudo-terminal, against a sandbox. The cast is an asciinema recording (version 2).
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pyte
from rich.console import CONSOLE_SVG_FORMAT, Console  # type: ignore[attr-defined]
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from rich.text import Text

import pamela.sandbox

IMAGES = Path(__file__).parents[1] / "docs" / "images"
WIDTH, HEIGHT = 108, 48
PROMPT = "\x1b[1;32m$\x1b[0m "
SPEED = 8.0
TOOLS = '''from pamela import ToolRegistry

registry = ToolRegistry("shop")


@registry.tool
def check_order_status(order_id: str) -> dict[str, object]:
    """Look up an order by ID."""
    return {"status": "shipped", "eta_days": 2}
'''
COMMANDS = (
    ("call", "+15551234567", "Ask when order 1042 will arrive", "--tool", "shop:registry"),
    ("calls", "list"),
    ("usage", "--columns", "period,call_count,billed_minutes"),
)
DARK = TerminalTheme(
    (22, 24, 29),
    (222, 225, 230),
    [
        (60, 64, 72),
        (233, 104, 107),
        (126, 200, 120),
        (226, 190, 105),
        (104, 160, 240),
        (200, 140, 230),
        (90, 200, 210),
        (222, 225, 230),
    ],
    [
        (130, 136, 146),
        (250, 130, 130),
        (150, 220, 140),
        (245, 210, 130),
        (130, 180, 255),
        (220, 165, 245),
        (120, 220, 230),
        (255, 255, 255),
    ],
)
"""Colours that can be told apart by whoever has the page in a light or in a dark browser: the picture has its own ground."""


def main() -> None:
    """Record the session into the folder that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=IMAGES, help="the folder to write to (docs/images)")
    parser.add_argument("--speed", type=float, default=SPEED, help="how much faster than a real call (%(default)s)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, pamela.sandbox.run(speed=asked.speed) as sandbox:
        Path(home, "shop.py").write_text(TOOLS)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "TERM": "xterm-256color",
            "COLUMNS": str(WIDTH),
            "LINES": str(HEIGHT),
            "PAMELA_API_KEY": sandbox.api_key,
            "PAMELA_BASE_URL": sandbox.base_url,
        }
        events = list(session(home, environment))
    write_cast(asked.out / "session.cast", events)
    write_svg(asked.out / "session.svg", "".join(text for _, text in events))
    print(f"{asked.out / 'session.svg'} and {asked.out / 'session.cast'} are written.")


def session(home: str, environment: dict[str, str]) -> Iterator[tuple[float, str]]:
    """Yield what appears on the terminal, each with the seconds since the beginning."""
    began = time.monotonic()
    for number, command in enumerate(COMMANDS):
        words = " ".join(f'"{word}"' if " " in word else word for word in ("pamela", *command))
        yield time.monotonic() - began, f"{chr(13) + chr(10) if number else ''}{PROMPT}{words}\r\n"
        for text in output_of(command, home, environment):
            yield time.monotonic() - began, text


def output_of(command: tuple[str, ...], home: str, environment: dict[str, str]) -> Iterator[str]:
    """Run a command in a terminal and yield what it writes, as it does."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    arguments = [sys.executable, "-m", "pamela", *command]
    with subprocess.Popen(
        arguments, stdin=theirs, stdout=theirs, stderr=theirs, cwd=home, env=environment, start_new_session=True
    ) as process:
        os.close(theirs)
        rest = b""
        while True:
            try:
                rest += os.read(ours, 65_536)
            except OSError:  # the end of a terminal is an error
                break
            text = rest.decode("utf-8", "ignore")
            rest = rest[len(text.encode()) :]
            yield text
    os.close(ours)
    if process.returncode:
        raise SystemExit(f"pamela {' '.join(command)} ended with status {process.returncode}.")


def write_cast(path: Path, events: list[tuple[float, str]]) -> None:
    """Write an asciinema recording."""
    head = {"version": 2, "width": WIDTH, "height": HEIGHT, "title": "pamela", "env": {"TERM": "xterm-256color"}}
    lines = [json.dumps(head), *(json.dumps([round(at, 3), "o", text], ensure_ascii=False) for at, text in events)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_svg(path: Path, output: str) -> None:
    """Draw what a terminal shows after an output."""
    screen = pyte.Screen(WIDTH, HEIGHT)
    pyte.Stream(screen).feed(output)
    lines = [as_text(screen.buffer[number]) for number in range(HEIGHT)]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - rich wants a stream
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text("\n").join(lines))
    # Nothing is fetched by whoever looks at it.
    start, end = CONSOLE_SVG_FORMAT.index("@font-face"), CONSOLE_SVG_FORMAT.index(".{unique_id}-matrix")
    svg = console.export_svg(
        title="pamela",
        theme=DARK,
        code_format=CONSOLE_SVG_FORMAT[:start] + CONSOLE_SVG_FORMAT[end:],
        unique_id="pamela",
    )
    path.write_text(svg.replace("Fira Code, ", "") + "\n", encoding="utf-8")


def as_text(row: dict[int, pyte.screens.Char]) -> Text:
    """Return a row of the terminal in its colours."""
    text = Text()
    for column in range(WIDTH):
        cell = row[column]
        colour = None if cell.fg == "default" else {"brown": "yellow"}.get(cell.fg, cell.fg)
        text.append(cell.data, Style(color=colour, bold=cell.bold, italic=cell.italics))
    text.rstrip()
    return text


if __name__ == "__main__":
    main()
