"""Say what changed in the contract and in the Python API since a revision, what of it breaks whom, and whether it may.

Usage: python scripts/spec_diff.py [REVISION]; without one it is the last release's tag. Ends with status 1 if something
breaks and the version does not say so.
"""

import contextlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import griffe
import yaml

ROOT = Path(__file__).parent.parent
CONTRACT = ROOT / "openapi.yaml"
VERSION = ROOT / "pamela" / "_version.py"
NOT_A_PROMISE = {"pamela.__version__"}


Reader = tuple[str, str]
"""How somebody is concerned, and by which operation or webhook."""


@dataclass(frozen=True)
class Change:
    """Something that is not as it was."""

    text: str
    is_breaking: bool
    readers: frozenset[Reader] = frozenset()

    def __str__(self) -> str:
        lines = [f"  {'BREAKING' if self.is_breaking else '        '}  {self.text}"]
        for role in sorted({role for role, _ in self.readers}):
            names = ", ".join(sorted(name for found, name in self.readers if found == role))
            lines.append(f"              for whoever {role} {names}")
        return "\n".join(lines)


class Readers:
    """Who is concerned by which part of a contract."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._of_component: dict[str, set[Reader]] = {}
        self._of_operation: dict[str, str] = {}
        for group in ("paths", "webhooks"):
            for path, item in document.get(group, {}).items():
                for method, operation in item.items():
                    self._read(group, path, method, operation)

    def _read(self, group: str, path: str, method: str, operation: dict[str, Any]) -> None:
        pointer = f"#/{group}/{path.replace('~', '~0').replace('/', '~1')}/{method}"
        name = operation["operationId"] if group == "paths" else path
        self._of_operation[pointer] = name
        for part, reader in self._parts(pointer, name).items():
            for component in self._reach(operation.get(part, {}), set()):
                self._of_component.setdefault(component, set()).add(reader)

    def _parts(self, pointer: str, name: str) -> dict[str, Reader]:
        is_webhook = pointer.startswith("#/webhooks")
        sends = ("receives", name) if is_webhook else ("calls", name)
        answers = ("answers", name) if is_webhook else ("reads answers of", name)
        return {"parameters": sends, "requestBody": sends, "responses": answers}

    def _reach(self, node: Any, seen: set[str]) -> set[str]:
        """Give the components that a part of the document refers to, at whatever remove."""
        if isinstance(node, list):
            node = dict(enumerate(node))
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference not in seen:
                seen.add(reference)
                self._reach(self._resolve(reference), seen)
            for value in node.values():
                self._reach(value, seen)
        return seen

    def _resolve(self, reference: str) -> Any:
        node: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        return node

    def of(self, pointer: str) -> set[Reader]:
        """Give those concerned by what is at a JSON pointer."""
        if component := re.match("#/components/[^/]+/[^/]+", pointer):
            return self._of_component.get(component[0], set())
        for operation, name in self._of_operation.items():
            parts = self._parts(operation, name)
            if pointer.startswith(operation):
                part = pointer.removeprefix(f"{operation}/").split("/")[0]
                return {parts.get(part, parts["requestBody"])}
            if operation.startswith(pointer):
                return {parts["requestBody"]}
        return set()


def main() -> None:
    revision = sys.argv[1] if len(sys.argv) > 1 else last_release()
    if revision is None:
        print("There is no release tag yet, so there is nothing to compare with; BASE=<revision> names something else.")
        return
    document, base = yaml.safe_load(CONTRACT.read_text()), yaml.safe_load(show(revision, CONTRACT))
    versions = (version_in(show(revision, VERSION)), version_in(VERSION.read_text()))
    contract = report(f"The contract since {revision}", list(contract_changes(revision, base, document)))
    package = report(f"The Python API since {revision}", list(package_changes(revision)))
    faults = [
        *unannounced(
            "contract", contract, base["info"]["version"], document["info"]["version"], "info.version in openapi.yaml"
        ),
        *unannounced("Python API", package, *versions, "pamela/_version.py"),
    ]
    sys.exit("\n".join(faults) or 0)


def last_release() -> str | None:
    result = subprocess.run(["git", "describe", "--tags", "--abbrev=0"], cwd=ROOT, capture_output=True, text=True)
    return result.stdout.strip() or None


def show(revision: str, file: Path) -> str:
    """Give a file as it was at a revision."""
    command = ["git", "show", f"{revision}:{file.relative_to(ROOT)}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"There is no {file.relative_to(ROOT)} at {revision}: {result.stderr.strip()}")
    return result.stdout


def version_in(module: str) -> str:
    found = re.search(r'__version__ = "(.+)"', module)
    if found is None:
        sys.exit("pamela/_version.py has no __version__.")
    return found[1]


def contract_changes(revision: str, base: dict[str, Any], document: dict[str, Any]) -> Iterator[Change]:
    """Give what Redocly sees, and whom it concerns."""
    before, after = Readers(base), Readers(document)
    for change in compare(show(revision, CONTRACT))["changes"]:
        messages = [verdict["message"] for verdict in change.get("verdicts", ())]
        text = f"{' '.join(messages) or change['kind'].capitalize()} ({where(change)})"
        pointers = [(before, change.get("base")), (after, change.get("revision"))]
        readers = {reader for who, place in pointers if place for reader in who.of(place["pointer"])}
        yield Change(text, change["impact"] == "major", frozenset(readers))


def compare(base: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        old, result = Path(directory) / "base.yaml", Path(directory) / "changes.json"
        old.write_text(base)
        redocly = ROOT / "node_modules" / ".bin" / "redocly"
        settings = ["--config", str(ROOT / "scripts" / "spec_diff.yaml"), "--format=json", "--fail-on=none"]
        command = [str(redocly), "diff", str(old), str(CONTRACT), *settings, f"--output={result}"]
        subprocess.run(command, check=True, capture_output=True)
        changes: dict[str, Any] = json.loads(result.read_text())
        return changes


def where(change: dict[str, Any]) -> str:
    place = (change.get("revision") or change["base"])["pointer"].removeprefix("#/")
    return " > ".join(part.replace("~1", "/").replace("~0", "~") for part in place.split("/"))


def package_changes(revision: str) -> Iterator[Change]:
    """Give what is gone, changed or new in what users of the package can name."""
    before = griffe.load_git("pamela", ref=revision, repo=ROOT, search_paths=["."])
    after = griffe.load("pamela", search_paths=[ROOT])
    for breakage in griffe.find_breaking_changes(before, after):
        if breakage.obj.path not in NOT_A_PROMISE:
            text = breakage.explain(griffe.ExplanationStyle.ONE_LINE)
            yield Change(re.sub(r"\x1b\[[0-9;]*m", "", text), True)
    for name in sorted(public_names(after) - public_names(before)):
        yield Change(f"Added: {name}", False)


def public_names(package: Any) -> set[str]:
    """Give the names that a package exports, with the methods of its classes."""
    names = set(package.exports or ())
    for name in list(names):
        with contextlib.suppress(griffe.AliasResolutionError):
            names |= {f"{name}.{method}" for method in package.members[name].all_members if not method.startswith("_")}
    return names


def report(title: str, changes: list[Change]) -> list[Change]:
    """Print changes, and give those that break."""
    breaking = [change for change in changes if change.is_breaking]
    print(f"{title}: {len(changes)} changes, {len(breaking)} of them breaking")
    for change in sorted(changes, key=lambda each: not each.is_breaking):
        print(change)
    return breaking


def unannounced(what: str, breaking: list[Change], old: str, new: str, place: str) -> Iterator[str]:
    if breaking and int(new.split(".")[0]) <= int(old.split(".")[0]):
        yield f"The {what} breaks its users in a version {new} after {old}: take it back, or raise the major in {place}."


if __name__ == "__main__":
    main()
