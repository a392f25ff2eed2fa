"""Measures what the pytest plugin costs a run that does not use it, in processor time.

    python benchmarks/pytest_plugin.py [--runs 40]

Each run is a process of its own, in which pytest loads this plugin, as it is loaded in every test run, and one that is empty. The
cost is the difference of the two, each measured by the processor time of that process alone; whatever else the machine does hits
both. Of all runs the median is printed, and in brackets the middle half.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

TARGET_MS = 5
ROOT = Path(__file__).parents[1]
OURS, EMPTY, FIRST = "pamela.pytest_plugin", "empty_plugin", "first_plugin"
MEASURE = """
import gc, sys, time
import pytest

class Meter:
    def pytest_configure(self, config):
        gc.disable()
        for name in sys.argv[1:]:
            began = time.process_time_ns()
            config.pluginmanager.import_plugin(name)
            print(name, time.process_time_ns() - began, file=sys.stderr)

status = pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", "."], plugins=[Meter()])
assert status == pytest.ExitCode.NO_TESTS_COLLECTED, status
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as directory:
        # What is compiled is kept there, as it is where the package is installed.
        environment = os.environ | {
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "PYTHONPATH": os.pathsep.join([directory, str(ROOT)]),
            "PYTHONPYCACHEPREFIX": directory,
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        nothing = Path(directory, "nothing")
        nothing.mkdir()
        for name in (EMPTY, FIRST):
            Path(directory, f"{name}.py").touch()
        costs = []
        for number in range(runs + 1):
            pair = (OURS, EMPTY) if number % 2 else (EMPTY, OURS)
            # The first plugin of all pays for what pytest needs to load any.
            took = load(nothing, environment, FIRST, *pair)
            costs.append(took[OURS] - took[EMPTY])
    # In the first run everything was compiled.
    low, _, high = quantiles(costs[1:], n=4)
    print(
        f"the pytest plugin costs a run without its fixtures {median(costs[1:]):.1f} ms ({low:.1f} to {high:.1f}) of"
        f" processor time; target: {TARGET_MS} ms"
    )


def load(directory: Path, environment: dict[str, str], *plugins: str) -> dict[str, float]:
    """Return the processor time that each plugin takes to load in a run of pytest that finds no test, in milliseconds."""
    command = [sys.executable, "-c", MEASURE, *plugins]
    done = subprocess.run(
        command,
        cwd=directory,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = (line.split() for line in done.stderr.splitlines())
    return {name: int(nanoseconds) / 1_000_000 for name, nanoseconds in lines}


if __name__ == "__main__":
    main()
