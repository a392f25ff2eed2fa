"""CONTRIBUTING says what of OpenAPI is supported and what is refused; `UPDATE_DOCS=1` writes it from the tests."""

from __future__ import annotations

import os

from custom.checks import EXTENSIONS

from .conftest import ROOT
from .test_refused import INCOMPLETE, REFUSED
from .test_supported import ROWS

PAGE = ROOT / "CONTRIBUTING.md"
BEGINNING, END = "<!-- tests/spec/test_table.py writes this -->\n", "<!-- and ends here -->\n"


def table() -> str:
    lines = ["", "| supported | what comes of it |", "|---|---|"]
    lines += [f"| {row.title} | {row.outcome} |" for row in ROWS]
    lines += ["", "| refused | with the sentence |", "|---|---|"]
    sentences = {**REFUSED, **INCOMPLETE}
    lines += [f"| {title} | {escaped(sentence)} |" for title, (_, sentence) in sentences.items()]
    return "\n".join([*lines, "", ""])


def escaped(sentence: str) -> str:
    sentence = sentence.replace(", ".join(EXTENSIONS), "...")  # those are in the table before
    return f"`` {sentence} ``".replace("|", "\\|") if "`" in sentence else f"`{sentence}`".replace("|", "\\|")


def test_the_table_of_what_is_supported() -> None:
    before, _, rest = PAGE.read_text().partition(BEGINNING)
    written, _, after = rest.partition(END)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(before + BEGINNING + table() + END + after)
    else:
        assert written == table()
