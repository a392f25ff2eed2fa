"""`make bench`: measure this package against others on this machine and write the table in docs/about/performance.md."""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import environments
import measurements
import processes
from measurements import Comparison

PAGE = environments.ROOT / "docs" / "about" / "performance.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
HEADINGS = ("what", "this package", "against", "", "result", "target", "met")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("only", nargs="*", help="the names of the measurements to make, and to print only")
    only = arguments.parse_args().only
    chosen = [measure for measure in measurements.ALL if not only or measure.__name__ in only]
    load = os.getloadavg()[0]
    pythons = environments.prepare()
    comparisons: list[Comparison] = []
    with processes.server() as base_url:
        laboratory = measurements.Laboratory(pythons, base_url)
        for measure in chosen:
            print(f"{measure.__name__} ...", flush=True)
            comparisons += measure(laboratory)
    text = "\n".join([*table(comparisons), "", *machine(load)])
    print(text)
    if not only:
        write(text)


def table(comparisons: list[Comparison]) -> Iterator[str]:
    yield row(*HEADINGS)
    yield row(*("---" for _ in HEADINGS))
    for each in comparisons:
        yield row(
            each.what,
            amount(each.ours, each.unit),
            each.against,
            amount(each.theirs, each.unit),
            f"{each.result:+.1f} {each.unit}" if each.by_difference else f"{each.result:.2f} x",
            target(each),
            {None: "", True: "yes", False: "**no**"}[each.met],
        )


def row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def amount(samples: list[float], unit: str) -> str:
    middle = median(samples)
    return f"{middle:,.{0 if middle >= 100 else 1}f} {unit}"


def target(comparison: Comparison) -> str:
    unit = comparison.unit if comparison.by_difference else "x"
    if comparison.at_most is not None:
        return f"at most {comparison.at_most:g} {unit}"
    return "" if comparison.at_least is None else f"at least {comparison.at_least:g} {unit}"


def machine(load: float) -> Iterator[str]:
    """Describe the machine and what else it did."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield (
        f"{processor()}, {os.cpu_count()} processors, {memory:.0f} GiB; {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}. Load average when the run began "
        f"{load:.1f}, when it ended {os.getloadavg()[0]:.1f}."
    )


def processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def write(text: str) -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


if __name__ == "__main__":
    main()
