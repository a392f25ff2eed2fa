"""Make the virtual environment with version 1.2.0 of this package that `tests/upgrade` compares with: build/version_1."""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / "build" / "version_1"
REQUIREMENTS = ROOT / "tests" / "upgrade" / "requirements.txt"


def main() -> None:
    """Make the environment, unless it is there and has what the requirements say."""
    installed = HOME / "installed.txt"
    wanted = REQUIREMENTS.read_text()
    if installed.exists() and installed.read_text() == wanted:
        return
    venv.create(HOME, clear=True)
    python = HOME / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--requirement", REQUIREMENTS], check=True)
    installed.write_text(wanted)


if __name__ == "__main__":
    main()
