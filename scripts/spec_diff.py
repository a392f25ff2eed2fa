"""Say what changed in the specification and in the Python API since a revision, what of it breaks whom, and whether it may.

Usage: python scripts/spec_diff.py [REVISION]; without one it is the last release's tag, and what changed in the
specification since then is written into docs/reference/specification-changes.md. Ends with status 1 if something breaks
and the version does not say so.
"""

import ast
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import griffe
import yaml

ROOT = Path(__file__).parent.parent
SPECIFICATION = ROOT / "openapi.yaml"
VERSION = ROOT / "pamela" / "_version.py"
PACKAGE = ROOT / "pamela" / "__init__.py"
CHANGES = ROOT / "docs" / "reference" / "specification-changes.md"
BEGINNING, END = "<!-- make spec-diff writes below -->\n", "<!-- and ends here -->\n"
NOT_A_PROMISE = {"pamela.__version__"}
SANDBOX = "pamela.sandbox"
ANY = "Any"
LEFT_OUT = " ..."
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


Reader = tuple[str, str]
"""How somebody is concerned, and by which operation or webhook."""

PythonObject = griffe.Object | griffe.Alias


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

    def entry(self) -> str:
        """Return the change as an item of a list in Markdown."""
        roles = sorted({role for role, _ in self.readers})
        names = {role: sorted(f"`{name}`" for found, name in self.readers if found == role) for role in roles}
        concerned = " and ".join(f"{role} {', '.join(names[role])}" for role in roles)
        return f"- {self.text}. For whoever {concerned}." if concerned else f"- {self.text}."


class Specification:
    """A version of the specification, and who is concerned by which part of it."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self.readers: dict[str, set[Reader]] = {}
        """Those concerned by what is at a JSON pointer or below it."""
        for group in ("paths", "webhooks"):
            for path, item in document.get(group, {}).items():
                for method in METHODS & item.keys():
                    self._read(group, path, method, item)

    def _read(self, group: str, path: str, method: str, item: dict[str, Any]) -> None:
        is_webhook, operation = group == "webhooks", item[method]
        name = path if is_webhook else operation["operationId"]
        sends = ("receives" if is_webhook else "calls", name)
        answers = ("answers" if is_webhook else "reads answers of", name)
        place = f"#/{group}/{step(path)}"
        self._add(sends, f"#/{group}", place, f"{place}/{method}", *self._reach(item.get("parameters")))
        for part, content in operation.items():
            reader = answers if part == "responses" else sends
            self._add(reader, f"{place}/{method}/{part}", *self._reach(content))
        if not is_webhook:
            self._add(sends, "#/servers", "#/security", "#/components/securitySchemes")

    def _add(self, reader: Reader, *pointers: str) -> None:
        for pointer in pointers:
            self.readers.setdefault(pointer, set()).add(reader)

    def _reach(self, node: Any, seen: set[str] | None = None) -> set[str]:
        """Return the components that a part of the document refers to, at whatever remove."""
        seen = set() if seen is None else seen
        parts = members(node)
        reference = parts.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            self._reach(self.at(reference), seen)
        for part in parts.values():
            self._reach(part, seen)
        return seen

    def at(self, pointer: str) -> Any:
        """Return what is at a JSON pointer, None if there is nothing."""
        node: Any = self._document
        for part in pointer.split("/")[1:]:
            node = members(node).get(name_of(part))
        return node

    def way(self, path: str) -> list[str]:
        """Return where each part is defined that a path through the references leads over."""
        pointers = ["#"]
        for part in path.split("/")[1:]:
            pointer = pointers[-1] if part == "$ref" else f"{pointers[-1]}/{part}"
            while isinstance(reference := members(self.at(pointer)).get("$ref"), str):
                pointer = reference
            pointers.append(pointer)
        return pointers


def step(name: str) -> str:
    """Return a name as it stands in a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def name_of(part: str) -> str:
    """Return the name that stands in a JSON pointer."""
    return part.replace("~1", "/").replace("~0", "~")


def members(node: Any) -> dict[str, Any]:
    """Return the parts of a node by their names, those of a list by their numbers."""
    parts = dict(enumerate(node)) if isinstance(node, list) else node if isinstance(node, dict) else {}
    return {str(name): part for name, part in parts.items()}


def main() -> None:
    named = sys.argv[1] if len(sys.argv) > 1 else None
    revision = named or last_release()
    if revision is None:
        print("There is no release tag yet, so there is nothing to compare with; BASE=<revision> names something else.")
        return
    document, base = yaml.safe_load(SPECIFICATION.read_text()), yaml.safe_load(show(revision, SPECIFICATION))
    versions = (version_in(show(revision, VERSION)), version_in(VERSION.read_text()))
    changes = list(specification_changes(revision, base, document))
    if changes and named is None:
        note(changes, document["info"]["version"], base["info"]["version"], revision)
    specification = report(f"The specification since {revision}", changes)
    package = report(f"The Python API since {revision}", list(package_changes(revision)))
    faults = [
        *unannounced(
            "specification",
            specification,
            base["info"]["version"],
            document["info"]["version"],
            "info.version in openapi.yaml",
        ),
        *unannounced("Python API", package, *versions, "pamela/_version.py"),
    ]
    sys.exit("\n".join(faults) or 0)


def last_release() -> str | None:
    """Return the last release's tag, None if there was none yet."""
    command = ["git", "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]
    result = subprocess.run(command, cwd=ROOT, env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True)
    if result.returncode and "No names found" not in result.stderr:
        sys.exit(f"The last release cannot be found; BASE=<revision> names it. {result.stderr.strip()}")
    return result.stdout.strip() or None


def show(revision: str, file: Path) -> str:
    """Return a file as it was at a revision."""
    command = ["git", "show", f"{revision}:{file.relative_to(ROOT)}"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"There is no {file.relative_to(ROOT)} at {revision}: {result.stderr.strip()}")
    return result.stdout


def note(changes: list[Change], version: str, before: str, release: str) -> None:
    """Write what changed in the specification since a release into its changelog, in place of what was there of it."""
    head, _, rest = CHANGES.read_text().partition(BEGINNING)
    sections, _, tail = rest.partition(END)
    heading = f"## {version}, since {before} ({release})\n"
    lines = [heading]
    for title, is_breaking in (("Breaks clients:", True), ("Breaks nobody:", False)):
        found = [change.entry() for change in changes if change.is_breaking == is_breaking]
        lines += [f"{title}\n", *found, ""] if found else []
    parts = re.split(r"(?m)^(?=## )", sections.strip() + "\n\n")
    others = [part for part in parts if part and not part.splitlines()[0].endswith(f"({release})")]
    CHANGES.write_text("".join([head, BEGINNING, "\n", "\n".join(lines), "\n", *others, END, tail]))


def version_in(module: str) -> str:
    found = re.search(r'__version__ = "(.+)"', module)
    if found is None:
        sys.exit("pamela/_version.py has no __version__.")
    return found[1]


def specification_changes(revision: str, base: dict[str, Any], document: dict[str, Any]) -> Iterator[Change]:
    """Return what changed in the specification, and whom it concerns."""
    before, after = Specification(base), Specification(document)
    for change in compare(show(revision, SPECIFICATION))["changes"]:
        if not is_extension(change):
            is_breaking = change["impact"] == "major" or breaks_clients(change)
            pointer = (change.get("revision") or change["base"])["pointer"]
            readers = {reader for place in places(change, before, after) for reader in readers_of(place, before, after)}
            yield Change(f"{said(change)} ({where(pointer)})", is_breaking, frozenset(readers))
    yield from extension_changes("#", before, after)


def is_extension(change: dict[str, Any]) -> bool:
    return change["typeName"] == "SpecExtension" or str(change.get("property")).startswith("x-")


def breaks_clients(change: dict[str, Any]) -> bool:
    """Tell whether a change that Redocly lets pass breaks what reads or was generated from the specification."""
    base, revision = change.get("base", {}), change.get("revision", {})
    place = str(base.get("pointer"))
    match change:
        case {"kind": "removed", "typeName": "Schema"}:
            return place.split("/")[-2] in {"properties", "schemas"}
        case {"kind": "removed", "typeName": "SchemaProperties"}:
            return True
        case {"kind": "removed", "typeName": "Parameter" | "ParameterList"}:
            return not place.startswith("#/components/")
        case {"typeName": "Schema", "property": "key"} | {"typeName": "Parameter", "property": "name"}:
            return True
        case {"typeName": "Operation", "property": "tags"}:
            return not set(base.get("value", ())) <= set(revision.get("value", ()))
    return False


def said(change: dict[str, Any]) -> str:
    """Return what changed, in Redocly's words or in ours."""
    if change["verdicts"]:
        return " ".join(verdict["message"] for verdict in change["verdicts"])
    if "property" not in change:
        return str(change["kind"]).capitalize()
    old, new = (change.get(side, {}).get("value") for side in ("base", "revision"))
    return f"Renamed from `{old}`" if change["property"] == "key" else replaced(change["property"], old, new)


def replaced(name: str, old: Any, new: Any) -> str:
    """Say how a value became another."""
    if old is None:
        return f"`{name}` was set to {short(new)}"
    if new is None:
        return f"`{name}` was removed, it was {short(old)}"
    lost, gained = without(old, new), without(new, old)
    if lost or gained:
        return f"`{name}` {' and '.join([*(f'lost {each}' for each in lost), *(f'gained {each}' for each in gained)])}"
    values = f" from {short(old)} to {short(new)}"
    return f"`{name}` changed{'' if LEFT_OUT in values else values}"


def without(value: Any, other: Any) -> list[str]:
    """Return what a list has that another has not."""
    lists = isinstance(value, list) and isinstance(other, list)
    return [short(each) for each in value if each not in other] if lists else []


def short(value: Any) -> str:
    return textwrap.shorten(json.dumps(value, ensure_ascii=False), 80, placeholder=LEFT_OUT)


def where(pointer: str) -> str:
    return " > ".join(name_of(part) for part in pointer.split("/")[1:])


def places(change: dict[str, Any], before: Specification, after: Specification) -> list[str]:
    """Return what is not as it was: the definitions that changed, or the one that refers to another now."""
    defined = [change[side]["pointer"] for side in ("base", "revision") if side in change]
    way = after.way(change["path"])
    return differing(defined, before, after) or differing(way, before, after)[-1:]


def differing(pointers: list[str], before: Specification, after: Specification) -> list[str]:
    return [pointer for pointer in pointers if before.at(pointer) != after.at(pointer)]


def readers_of(pointer: str, before: Specification, after: Specification) -> set[Reader]:
    """Return those concerned by what is at a JSON pointer."""
    while pointer and pointer not in before.readers.keys() | after.readers.keys():
        pointer = pointer.rpartition("/")[0]
    return before.readers.get(pointer, set()) | after.readers.get(pointer, set())


def extension_changes(pointer: str, before: Specification, after: Specification) -> Iterator[Change]:
    """Return what changed in the ``x-`` keys, which Redocly does not judge."""
    old, new = members(before.at(pointer)), members(after.at(pointer))
    for name in sorted(old.keys() & new.keys()):
        yield from extension_changes(f"{pointer}/{step(name)}", before, after)
    for name in sorted(each for each in old.keys() | new.keys() if each.startswith("x-")):
        if old.get(name) != new.get(name):
            text = f"{replaced(name, old.get(name), new.get(name))} ({where(pointer)})"
            yield Change(text, not still_holds(name, old, new), frozenset(readers_of(pointer, before, after)))


def still_holds(extension: str, old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether what an ``x-`` key said is still said, of the values that are still there."""
    gone = set(old.get("enum", ())) - set(new.get("enum", ()))
    meanings = meanings_of(extension, new)
    return all(meanings.get(of) == said for of, said in meanings_of(extension, old).items() if of not in gone)


def meanings_of(extension: str, part: dict[str, Any]) -> dict[Any, Any]:
    """Return what an ``x-`` key says, of each value where it speaks of values."""
    said, values = part.get(extension), part.get("enum", ())
    match extension:
        case _ if not said:
            return {}
        case "x-enum-varnames":
            return dict(zip(values, said, strict=False))
        case "x-final":
            return {value: value in said for value in values}
    return {extension: said}


def compare(base: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        old, result = Path(directory) / "base.yaml", Path(directory) / "changes.json"
        old.write_text(base)
        redocly = ROOT / "node_modules" / ".bin" / "redocly"
        settings = ["--config", str(ROOT / "scripts" / "spec_diff.yaml"), "--format=json", "--fail-on=none"]
        command = [str(redocly), "diff", str(old), str(SPECIFICATION), *settings, f"--output={result}"]
        subprocess.run(command, check=True, capture_output=True)
        changes: dict[str, Any] = json.loads(result.read_text())
        return changes


def package_changes(revision: str) -> Iterator[Change]:
    """Return what is gone, changed or new in what users of the package can name."""
    before = griffe.load_git("pamela", ref=revision, repo=ROOT, search_paths=["."])
    after = griffe.load("pamela", search_paths=[ROOT])
    promised = sandbox_promises(before)
    for breakage in griffe.find_breaking_changes(before, after):
        if is_promised(breakage.obj.path, promised):
            text = breakage.explain(griffe.ExplanationStyle.ONE_LINE)
            yield Change(re.sub(r"\x1b\[[0-9;]*m", "", text), True)
    yield from dict.fromkeys(type_changes(before, after, promised))
    for name in sorted(first_names(show(revision, PACKAGE)) - first_names(PACKAGE.read_text()) - public_names(before)):
        yield Change(f"pamela: {name}: The name of version 1 was removed", True)
    for name in sorted(public_names(after) - public_names(before)):
        yield Change(f"Added: {name}", False)


def sandbox_promises(package: PythonObject) -> set[str]:
    """Return the paths of what users take from the sandbox: the names that it exports, and where those are defined."""
    sandbox = package.members["sandbox"]
    paths = set()
    for name in map(str, sandbox.exports or ()):
        member = sandbox.members[name]
        with contextlib.suppress(griffe.AliasResolutionError, griffe.CyclicAliasError):
            paths |= {f"{SANDBOX}.{name}", (member.final_target if isinstance(member, griffe.Alias) else member).path}
    return paths


def is_promised(path: str, promised: set[str]) -> bool:
    """Whether users may rely on what is at a path. The rest of the sandbox is a program, and no API."""
    is_inner = path.startswith(f"{SANDBOX}.") and not any(f"{path}.".startswith(f"{each}.") for each in promised)
    return path not in NOT_A_PROMISE and not is_inner


def type_changes(before: PythonObject, after: PythonObject, promised: set[str]) -> Iterator[Change]:
    """Return the attributes and results that have another type; one that is left without an alternative breaks nobody."""
    found = dict(public_objects(after, "pamela"))
    for path, old in public_objects(before, "pamela"):
        was, now = type_of(old), type_of(found.get(path, old))
        if was != now and is_promised(path, promised) and is_promised(old.path, promised):
            is_breaking = was != ANY and not set(now.split(" | ")) <= set(was.split(" | "))
            yield Change(f"{old.path}: Type was changed: `{was}` -> `{now}`", is_breaking)


def type_of(item: PythonObject) -> str:
    """Return the type of an attribute or of a function's result, as it is written."""
    match item:
        case griffe.Function():
            return str(item.returns or ANY)
        case griffe.Attribute():
            return str(item.annotation or ANY)
    return ANY


def public_objects(owner: PythonObject, path: str) -> Iterator[tuple[str, PythonObject]]:
    """Return what users can reach from a module or class, by the path on which they reach it."""
    for name, member in owner.all_members.items():
        with contextlib.suppress(griffe.AliasResolutionError, griffe.CyclicAliasError):
            if member.is_public:
                item = member.final_target if isinstance(member, griffe.Alias) else member
                yield f"{path}.{name}", item
                yield from public_objects(item, f"{path}.{name}")


def first_names(module: str) -> set[str]:
    """Return the names of version 1, which `pamela/__init__.py` has in a dict of their own and griffe does not see."""
    for node in ast.parse(module).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="_VERSION_1")], value=names):
                return {str(name) for name in ast.literal_eval(names)}
    return set()


def public_names(package: PythonObject) -> set[str]:
    """Return the names that a package exports, with the methods of its classes."""
    names = {str(name) for name in package.exports or ()}
    for name in names & package.members.keys():
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
