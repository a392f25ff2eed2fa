"""The command of the generator: `python -m custom [--check]`."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .errors import GenerationError
from .render import differences, render, replace
from .spec import ROOT, SPECIFICATION, load

GENERATED = ROOT / "pamela" / "_generated"


def main(arguments: Sequence[str] | None = None) -> int:
    """Generate, or with `--check` only say whether that would change something. Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m custom", description="Make pamela/_generated from openapi.yaml.")
    parser.add_argument("--check", action="store_true", help="change nothing; fail if something would change")
    parser.add_argument("--spec", type=Path, default=SPECIFICATION, help="the specification")
    parser.add_argument("--package", type=Path, default=GENERATED, help="the package to make")
    options = parser.parse_args(arguments)
    try:
        different = generate(options.spec, options.package, check=options.check)
    except GenerationError as error:
        print(error, file=sys.stderr)
        return 1
    if options.check and different:
        print(f"Run `make generate`: openapi.yaml gives another {', '.join(different)}.", file=sys.stderr)
        return 1
    return 0


def generate(specification: Path, package: Path, *, check: bool = False) -> list[str]:
    """Make a package what a specification gives, and return the paths of the modules that differed.

    Args:
        specification: The OpenAPI file.
        package: The package to make.
        check: Change nothing.

    Raises:
        GenerationError: The specification has something that is not supported; nothing was changed.
    """
    with tempfile.TemporaryDirectory() as directory:
        wanted = Path(directory) / "_generated"
        render(load(specification), wanted)
        different = differences(wanted, package)
        if not check:
            replace(wanted, package)
    return different


if __name__ == "__main__":
    sys.exit(main())
