"""Make the sandbox one file: `python -m scripts.sandbox_file [FILE]`.

What it stands on is put in as pure Python, so that one file serves every version of Python and every system.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILE = ROOT / "build" / "pamela-sandbox.pyz"
NATIVE = ("*.so", "*.pyd")
NEEDED_LATER = "typing_extensions"
"""What only some of the versions of Python need."""


def main() -> None:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        packages = Path(directory) / "packages"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
        subprocess.run([*pip, f"--target={packages}", f"{ROOT}[sandbox]", NEEDED_LATER], check=True)
        make_pure(packages)
        pack(packages, file)
    print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB; python {file.name} --help", flush=True)


def make_pure(packages: Path) -> None:
    """Leave out what is native: PyYAML does without, and the place of `rpds` is taken by the module beside this one."""
    for pattern in NATIVE:
        for module in packages.rglob(pattern):
            module.unlink()
    for directory in packages.glob("rpds*"):
        shutil.rmtree(directory)
    shutil.copyfile(Path(__file__).with_name("rpds.py"), packages / "rpds.py")
    shutil.rmtree(packages / "bin", ignore_errors=True)


def pack(packages: Path, file: Path) -> None:
    shiv = [sys.executable, "-m", "shiv.cli"]
    entry = "--entry-point=pamela.sandbox.__main__:main"
    options = ["--compressed", "--reproducible", "--python=/usr/bin/env python3", f"--output-file={file}"]
    subprocess.run([*shiv, f"--site-packages={packages}", entry, *options], check=True)


if __name__ == "__main__":
    main()
