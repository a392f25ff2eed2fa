"""Measures what the pytest plugin costs a run that does not use it: the processor time with it less that without.

    python benchmarks/pytest_plugin.py [--rounds 25]

It runs pytest in an empty directory, with this plugin and no other, and then with one that is empty, in turn.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

TARGET_MS = 5
ROOT = Path(__file__).parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as directory:
        # What is compiled is kept there, as it is where the package is installed.
        environment = os.environ | {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join([directory, str(ROOT)]),
            "PYTHONPYCACHEPREFIX": directory,
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        empty = Path(directory, "empty")
        empty.mkdir()
        # To look for a plugin takes pytest some time, whatever is in it.
        Path(directory, "empty_plugin.py").touch()
        pairs = [
            (run(empty, environment, "pamela.pytest_plugin"), run(empty, environment, "empty_plugin"))
            for _ in range(rounds + 1)
        ][1:]
    cost = median(with_plugin - without for with_plugin, without in pairs)
    without = median(without for _, without in pairs)
    print(
        f"the pytest plugin costs a run without its fixtures {cost:.1f} ms of {without:.0f} ms; target: {TARGET_MS} ms"
    )


def run(directory: Path, environment: dict[str, str], plugin: str) -> float:
    """Return the processor time of a run of pytest that finds no test, in milliseconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "-p", plugin]
    subprocess.run(command, cwd=directory, env=environment, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000


if __name__ == "__main__":
    main()
