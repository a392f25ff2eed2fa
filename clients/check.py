"""Generate a client in each language from openapi.yaml, compile it, and run the program beside this file on it.

Everything is made in `build/clients`. What a language needs is installed from Debian's packages where that is possible;
a language that cannot be had is skipped, and said so.

Usage: python clients/check.py [LANGUAGE ...]
"""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import pamela.sandbox  # noqa: E402 - the checkout's, not an installed one
from pamela.sandbox import Sandbox  # noqa: E402
from scripts import spec  # noqa: E402

BUILD = ROOT / "build" / "clients"
SPECIFICATIONS = BUILD / "spec"
VECTORS = ROOT / "docs" / "reference" / "webhook-signatures.json"
FIXTURES = ROOT / "docs" / "reference" / "fixtures"
LATER_CALL = {
    "id": "call_1",
    "status": "voicemail",
    "transcript": [{"speaker": "agent", "text": "Hello.", "mood": "good"}],
    "mood": "good",
}
"""A call as a later version of the API may answer it: with a status and fields that today's specification lacks."""

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
    spec.make(SPECIFICATIONS)
    with pamela.sandbox.run(speed=100) as sandbox, later_api() as later:
        for language in (each for each in LANGUAGES if each.name in (sys.argv[1:] or [each.name])):
            print(f"\n{language.name}", flush=True)
            if language.lacks():
                install(language.debian_packages)
            if missing := language.lacks():
                skipped.append(f"{language.name}: {missing} is missing")
            elif not works(language, sandbox, later):
                failed.append(language.name)
            sandbox.reset()
    for reason in skipped:
        print(f"\nSKIPPED {reason}")
    sys.exit(f"FAILED {', '.join(failed)}" if failed else 0)


@contextmanager
def later_api() -> Iterator[str]:
    """Serve a call as a later version of the API may answer it, and yield the address."""

    class Later(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(LATER_CALL).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Later) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def works(language: Language, sandbox: Sandbox, later: str) -> bool:
    """Make the client and its program, and run it against a sandbox."""
    environment = {
        **os.environ,
        "PAMELA_BASE_URL": sandbox.base_url,
        "PAMELA_API_KEY": sandbox.api_key,
        "PAMELA_LATER_URL": later,
        "PAMELA_FIXTURES": str(FIXTURES),
    }
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
    generate(directory, "pamela", spec.BUNDLED)
    refuse_ugly_names(path.stem.removeprefix("model_") for path in (directory / "pamela").glob("model_*.go"))
    run(["go", "vet", "./..."], directory)
    run(["go", "build", "-o", "client", "."], directory)


def build_ruby(directory: Path) -> None:
    generate(directory, ".", spec.BUNDLED)
    refuse_ugly_names(path.stem for path in (directory / "lib" / "pamela" / "models").glob("*.rb"))
    run(["ruby", "-wc", "main.rb"], directory)


def build_typescript_fetch(directory: Path) -> None:
    generate(directory)
    run([str(ROOT / "node_modules" / ".bin" / "tsc"), "--project", "."], directory)


def build_hey_api(directory: Path) -> None:
    tools = ROOT / "node_modules" / ".bin"
    (directory / "openapi.json").write_bytes((SPECIFICATIONS / spec.BUNDLED).read_bytes())
    run([str(tools / "openapi-ts"), "--file", "openapi-ts.config.mjs"], directory, quiet=True)
    run([str(tools / "tsc"), "--project", "."], directory)


def generate(directory: Path, client: str = "client", specification: str = spec.WITHOUT_WEBHOOKS) -> None:
    """Run openapi-generator with the recipe of a language."""
    command = [str(Path(sys.executable).parent / "openapi-generator-cli"), "generate", "--config=recipe.yaml"]
    source = f"--input-spec={SPECIFICATIONS / specification}"
    run([*command, source, f"--output={directory / client}"], directory, quiet=True)


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


JAVA = "default-jre-headless"
LANGUAGES = (
    Language("typescript", ("node", "npm"), (), build_typescript, ("node", "out/main.js")),
    Language("typescript-fetch", ("node", "npm", "java"), (JAVA,), build_typescript_fetch, ("node", "out/main.js")),
    Language("hey-api", ("node", "npm"), (), build_hey_api, ("node", "out/main.js")),
    Language("go", ("java", "go"), (JAVA, "golang-go"), build_go, ("./client",)),
    Language("python", ("java",), (JAVA,), generate, (sys.executable, "main.py")),
    Language(
        "ruby",
        ("java", "ruby"),
        (JAVA, "ruby", "ruby-faraday", "ruby-marcel"),
        build_ruby,
        ("ruby", "-I", "lib", "main.rb"),
        probe=("ruby", "-r", "faraday", "-r", "marcel", "-e", ""),
    ),
    Language(
        "php",
        ("java", "php"),
        (JAVA, "php-cli", "php-curl", "php-mbstring", "php-guzzlehttp-guzzle"),
        generate,
        ("php", "main.php"),
        probe=("php", "-r", "require 'GuzzleHttp/autoload.php';"),
    ),
)

if __name__ == "__main__":
    main()
