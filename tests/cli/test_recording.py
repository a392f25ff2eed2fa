"""scripts/record_session.py records real commands, and what is in the repository is such a recording."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHOWN = ("pamela call", "check_order_status(order_id=", "completed", "pamela calls list", "billed_minutes")


def check(folder: Path) -> None:
    cast = (folder / "session.cast").read_text(encoding="utf-8").splitlines()
    head, *events = map(json.loads, cast)
    assert head["version"] == 2
    times = [at for at, _, _ in events]
    assert times == sorted(times)
    written = "".join(text for _, _, text in events)
    svg = (folder / "session.svg").read_text(encoding="utf-8")
    # Blanks between colours are only distances in a picture.
    drawn = "".join("".join(ET.fromstring(svg).itertext()).split())
    for text in SHOWN:
        assert text in written
        assert text.replace(" ", "") in drawn
    assert "http" not in svg.replace("http://www.w3.org/", "").replace("https://www.textualize.io", "")


def test_the_recording_in_the_documentation() -> None:
    check(ROOT / "docs" / "images")


@pytest.mark.slow
def test_a_session_is_recorded(tmp_path: Path) -> None:
    script = ROOT / "scripts" / "record_session.py"
    subprocess.run([sys.executable, script, "--out", tmp_path, "--speed", "50"], check=True)
    check(tmp_path)
