"""Generate a client in each language from openapi.yaml, compile it, and run the program beside this file on it.

Everything is made in `build/clients`. What a language needs is installed from Debian's packages where that is possible;
a language that cannot be had is skipped, and said so.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pamela.sandbox
from pamela.sandbox import Sandbox

HERE = Path(__file__).parent
ROOT = HERE.parent
BUILD = ROOT / "build" / "clients"
VECTORS = ROOT / "docs" / "reference" / "webhook-signatures.json"

GENERATED_NAME = re.compile(r"[0-9]|response|inner|parameter|(any|one|all)_?of", re.IGNORECASE)
"""What a generator calls a schema that has no name in the contract."""


@dataclass(frozen=True)
class Language:
    """A language, what it takes, and how a program in it is made."""

    name: str
    commands: tuple[str, ...]
    debian_packages: tuple[str, ...]
    build: Callable[[Path], None]
    program: tuple[str, ...]
    probe: tuple[str, ...] = ()
    """A command that fails when a library is missing."""

    def lacks(self) -> str | None:
        """Say what is missing, if something is."""
        for command in self.commands:
            if shutil.which(command) is None:
                return command
        if self.probe and subprocess.run(self.probe, capture_output=True).returncode:
            return f"what `{' '.join(self.probe)}` asks for"
        return None


def main() -> None:
    skipped, failed = [], []
    with pamela.sandbox.run(speed=100) as sandbox:
        for language in LANGUAGES:
            print(f"\n{language.name}", flush=True)
            if language.lacks():
                install(language.debian_packages)
            if missing := language.lacks():
                skipped.append(f"{language.name}: {missing} is missing")
            elif not works(language, sandbox):
                failed.append(language.name)
            sandbox.reset()
    for reason in skipped:
        print(f"\nSKIPPED {reason}")
    sys.exit(f"FAILED {', '.join(failed)}" if failed else 0)


def works(language: Language, sandbox: Sandbox) -> bool:
    """Make the client and its program, and run it against a sandbox."""
    environment = {**os.environ, "PAMELA_BASE_URL": sandbox.base_url, "PAMELA_API_KEY": sandbox.api_key}
    directory = BUILD / language.name
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(HERE / language.name, directory)
    try:
        language.build(directory)
        subprocess.run([*language.program, str(VECTORS)], cwd=directory, env=environment, check=True, timeout=120)
    except (subprocess.SubprocessError, UglyNameError) as error:
        print(error, file=sys.stderr)
        return False
    return True


def install(packages: Sequence[str]) -> None:
    """Install Debian packages, where there is an apt-get and the right to use it."""
    if not packages or shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    print(f"installing {' '.join(packages)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        subprocess.run(["apt-get", *command], env=environment, capture_output=True)


def build_typescript(directory: Path) -> None:
    tools = ROOT / "node_modules" / ".bin"
    run(
        [
            str(tools / "openapi-typescript"),
            str(ROOT / "openapi.yaml"),
            "--default-non-nullable=false",
            "--output=schema.d.ts",
        ],
        directory,
    )
    run([str(tools / "tsc"), "--project", "."], directory)


def build_go(directory: Path) -> None:
    generate(
        "go",
        directory / "pamela",
        "client.go:configuration.go:response.go:utils.go",
        packageName="pamela",
        enumClassPrefix="true",
    )
    refuse_ugly_names(path.stem.removeprefix("model_") for path in (directory / "pamela").glob("model_*.go"))
    run(["go", "vet", "./..."], directory)
    run(["go", "build", "-o", "client", "."], directory)


def build_ruby(directory: Path) -> None:
    generate("ruby", directory, "", gemName="pamela", moduleName="Pamela", library="faraday")
    refuse_ugly_names(path.stem for path in (directory / "lib" / "pamela" / "models").glob("*.rb"))
    run(["ruby", "-wc", "main.rb"], directory)


def generate(generator: str, directory: Path, supporting_files: str, **properties: str) -> None:
    """Run openapi-generator.

    Every client is told to take enumeration values that it does not know, as the contract asks.
    """
    settings = {"enumUnknownDefaultCase": "true", **properties}
    parts = dict.fromkeys(("modelDocs", "apiDocs", "modelTests", "apiTests"), "false")
    files = f"supportingFiles={supporting_files}" if supporting_files else "supportingFiles"
    run(
        [
            str(Path(sys.executable).parent / "openapi-generator-cli"),
            "generate",
            f"--generator-name={generator}",
            f"--input-spec={ROOT / 'openapi.yaml'}",
            f"--output={directory}",
            f"--global-property=models,apis,{files},{joined(parts)}",
            f"--additional-properties={joined(settings)}",
        ],
        directory.parent,
        quiet=True,
    )


def joined(settings: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in settings.items())


class UglyNameError(Exception):
    """A generator had to make up a name."""


def refuse_ugly_names(names: Iterable[str]) -> None:
    ugly = sorted(name for name in names if GENERATED_NAME.search(name))
    if ugly:
        raise UglyNameError(f"Give these schemas a name or a title in openapi.yaml: {', '.join(ugly)}")


def run(command: Sequence[str], directory: Path, *, quiet: bool = False) -> None:
    """Run a command; a quiet one shows what it said only when it fails."""
    result = subprocess.run(command, cwd=directory, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.stdout and (result.returncode or not quiet):
        print(result.stdout.strip(), flush=True)
    result.check_returncode()


LANGUAGES = (
    Language("typescript", ("node", "npm"), (), build_typescript, ("node", "out/main.js")),
    Language("go", ("java", "go"), ("default-jre-headless", "golang-go"), build_go, ("./client",)),
    Language(
        "ruby",
        ("java", "ruby"),
        ("default-jre-headless", "ruby", "ruby-faraday", "ruby-marcel"),
        build_ruby,
        ("ruby", "-I", "lib", "main.rb"),
        probe=("ruby", "-r", "faraday", "-r", "marcel", "-e", ""),
    ),
)

if __name__ == "__main__":
    main()
