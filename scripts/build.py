"""Build wheel and sdist into `dist`, check what is in them, and use each in an empty environment."""

import email
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from email.message import Message
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import pamela.sandbox  # noqa: E402 - the checkout's, not an installed one
from scripts import guide  # noqa: E402

DIST = ROOT / "dist"
REFERENCE = "pamela/sandbox/reference.html"
CORE = {"attrs", "httpx", "python-dateutil", "sniffio"}

PROBE = """
import importlib.metadata, pathlib, sys
import pamela
assert pathlib.Path(pamela.__file__).is_relative_to(sys.prefix), pamela.__file__
assert importlib.metadata.version("thisispamela") == pamela.__version__
assert pamela.openapi_specification() == pathlib.Path(sys.argv[1]).read_text()
try:
    from pamela.sandbox import run
except ModuleNotFoundError as error:
    assert "pip install 'thisispamela[sandbox]'" in str(error), error
else:
    raise SystemExit("The environment is not empty: the sandbox can be imported.")
"""

# The guide's snippets, but for the web application, which needs a framework.
RECEIVED = "payload, signature, webhook_secret = {'event': 'call.queued'}, '0' * 64, 'whsec_example'"
GUIDE = "\n".join([guide.CALLS, guide.CANCEL, guide.TOOLS, guide.USAGE, guide.ERRORS, RECEIVED, guide.VERIFY])
CONNECTED = "next(c for c in client.watch_call(call['id'], poll_interval=0.01) if c['status'] == 'in_progress')"
HANGING_UP = "\n".join([guide.CALLS, CONNECTED, guide.HANG_UP])


def main() -> None:
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", "--outdir", str(DIST), str(ROOT))
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
    run(str(Path(sys.executable).parent / "check-wheel-contents"), str(wheel))
    check_wheel(wheel)
    check_sdist(sdist)
    for distribution in (wheel, sdist):
        try_in_empty_environment(distribution)
        print(f"{distribution.name} works in an empty environment", flush=True)


def run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


def package_files() -> set[str]:
    files = (file for file in (ROOT / "pamela").rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {file.relative_to(ROOT).as_posix() for file in files}


def check_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        specification = archive.read("pamela/openapi.yaml").decode()
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        described = email.message_from_bytes(archive.read(metadata))
    expect_names("files of the wheel", names, package_files())
    expect("the sandbox's page /reference in the wheel", REFERENCE in names, True)
    expect("the wheel's specification", specification, (ROOT / "openapi.yaml").read_text())
    expect("version", described["Version"], pamela.__version__)
    expect_names("dependencies", core_dependencies(described), CORE)


def core_dependencies(described: Message) -> set[str]:
    required = [line for line in described.get_all("Requires-Dist", []) if "extra ==" not in line]
    return {line.split(">")[0].split("<")[0].split("=")[0].strip() for line in required}


def check_sdist(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        links = [member.name for member in archive if member.issym() or member.islnk()]
        names = {member.name.split("/", 1)[1] for member in archive if member.isfile()}
    expect("links in the sdist", links, [])
    beside_it = {".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
    expect_names("files of the sdist", names, package_files() | beside_it)


def expect(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        sys.exit(f"Wrong {what}: {found}; it should be {wanted}.")


def expect_names(what: str, found: set[str], wanted: set[str]) -> None:
    if found != wanted:
        sys.exit(f"Wrong {what}: {sorted(found - wanted)} too many, {sorted(wanted - found)} missing.")


def try_in_empty_environment(distribution: Path) -> None:
    """Install a distribution without extras, and run the guide's snippets on it against the checkout's sandbox."""
    with tempfile.TemporaryDirectory() as directory:
        venv.create(directory, with_pip=True)
        python = str(Path(directory) / "bin" / "python")
        run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(distribution))
        run(python, "-I", "-c", PROBE, str(ROOT / "openapi.yaml"))
        # At its own speed a call stays queued while the snippets run; to be hung up it must be in progress.
        for speed, snippets in ((1, GUIDE), (20, HANGING_UP)):
            with pamela.sandbox.run(speed=speed) as sandbox:
                setup = guide.SETUP.format(api_key=sandbox.api_key, base_url=sandbox.base_url)
                run(python, "-I", "-W", "error", "-c", setup + snippets)


if __name__ == "__main__":
    main()
