"""A virtual environment for each client that is compared, with exactly the packages of its requirements file."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ROOT / "benchmarks" / "requirements"
BUILD = ROOT / "build" / "bench"
OURS = ("pamela", "pamela_cli", "pamela_fast", "pamela_stores")


def prepare() -> dict[str, Path]:
    """Make the environments that are missing or out of date, install this package into its own, and give their Pythons."""
    pythons = {path.stem: python_of(path) for path in sorted(REQUIREMENTS.glob("*.txt"))}
    wheel = build_wheel()
    for name in OURS:
        pip("--python", pythons[name], "install", "--no-deps", "--force-reinstall", wheel)
    return pythons


def python_of(requirements: Path) -> Path:
    home = BUILD / requirements.stem
    python = home / "bin" / "python"
    installed = home / "installed.txt"
    wanted = requirements.read_text()
    if not installed.exists() or installed.read_text() != wanted:
        venv.create(home, clear=True)
        pip("--python", python, "install", "--requirement", requirements)
        installed.write_text(wanted)
    return python


def build_wheel() -> Path:
    wheels = BUILD / "wheels"
    for old in wheels.glob("*.whl"):
        old.unlink()
    pip("wheel", "--no-deps", "--wheel-dir", wheels, ROOT)
    (wheel,) = wheels.glob("*.whl")
    return wheel


def pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *map(str, arguments)]
    subprocess.run(command, check=True)
