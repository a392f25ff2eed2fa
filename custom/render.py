"""Rendering: the modules of `pamela/_generated` from the specification and the templates."""

import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader
from openapi_python_client import Project
from openapi_python_client.parser.properties import LiteralEnumProperty

from . import names
from .errors import GenerationError, unsupported
from .operations import Operation
from .spec import ROOT, Specification
from .views import BASES, Views

HEADER = "# Made by `make generate` from openapi.yaml. Do not edit.\n"
TEMPLATES = Path(__file__).parent / "templates"


def render(specification: Specification, target: Path) -> None:
    """Write the generated package into a directory that does not exist yet.

    Raises:
        GenerationError: The specification has something that is not supported.
    """
    operations = [
        Operation(path, method, content, specification) for path, method, content in specification.operations()
    ]
    taken = names.of_clients()
    homes: dict[str, str] = {}
    for operation in operations:
        place = f"{operation.method} {operation.path}"
        if operation.name in homes:
            raise unsupported(place, f"would be the method {operation.name}, as {homes[operation.name]} is")
        homes[operation.name] = place
        if operation.name in names.OF_TYPE_HINTS:
            raise unsupported(place, f"has the operationId {operation.name!r}, a name that type hints use")
        if operation.name in taken:
            raise unsupported(place, f"has the operationId {operation.name!r}, a name that the clients have already")
        if operation.stream_name in taken | {each.name for each in operations}:
            raise unsupported(place, f"would have the stream {operation.stream_name}, a name that is taken already")
        if operation.iteration and operation.iteration.name in taken | {each.name for each in operations}:
            raise unsupported(
                place, f"would have the iterator {operation.iteration.name}, a name that is taken already"
            )
    modules = _Renderer(specification, operations).modules()
    for name, source in modules.items():
        module = target / name
        module.parent.mkdir(parents=True, exist_ok=True)
        source = HEADER + source
        try:
            compile(source, name, "exec")
        except SyntaxError as error:
            line = (error.text or "").strip()
            raise GenerationError(f"_generated/{name} would not be Python: {error.msg} in {line!r}.") from None
        module.write_text(source)
    tidy(target)


class _Renderer:
    def __init__(self, specification: Specification, operations: list[Operation]) -> None:
        self.specification = specification
        self.operations = operations
        classes = specification.classes
        responses = {name for operation in operations for name in operation.response_classes}
        arguments = {name for operation in operations for name in operation.argument_classes}
        received = specification.reached({*responses, *specification.webhook_models()})
        sent = specification.reached(arguments)
        self.sent_only = sent - received
        self.public = {*sent, *received, *specification.enums}
        names.check_classes(self.public)
        project = Project(openapi=specification.data, config=specification.config, custom_template_path=TEMPLATES)
        self.environment = project.env
        stock = PackageLoader("openapi_python_client")
        self.environment.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), stock, PrefixLoader({"stock": stock})])
        self.environment.globals.update(
            document=specification.document,
            schemas=specification.schemas,
            events=specification.events(),
            operations=operations,
            models=self.public,
            request_models=self.sent_only,
            method_classes=responses | arguments | {each.iteration.item for each in operations if each.iteration},
            module_of=lambda name: classes[name].class_info.module_name,
            bases=BASES,
            described=described,
            **self._type_names(),
            import_of=lambda name, package: (
                f"from {package}models.{classes[name].class_info.module_name} import {name}"
            ),
        )
        self.environment.filters["repr"] = repr
        views = Views(specification, self.sent_only)
        self.environment.filters["views"] = views
        self.environment.filters["more"] = views.more
        self.environment.filters["reflow"] = lambda text, width: textwrap.fill(" ".join(text.split()), width)

    def _type_names(self) -> dict[str, Any]:
        """Return what the template of the types for annotations needs."""
        texts = {name: enum for name, enum in self.specification.enums.items() if enum.value_type is str}
        values = {name: self.specification.schemas[name]["enum"] for name in sorted(texts.keys() & self.public)}
        objects = sorted(self.sent_only & self.specification.models.keys())
        names = [*(f"{name}Name" for name in values), *(f"{name}Dict" for name in objects), "EventName"]
        return {"enum_values": values, "sent_objects": objects, "type_names": names}

    def modules(self) -> dict[str, str]:
        """Return the source of each module, by its path."""
        modules = {
            "__init__.py": self._render("package_init.py.jinja"),
            "events.py": self._render("events.py.jinja"),
            "exports.py": self._render("exports.py.jinja"),
            "methods.py": self._render("methods.py.jinja"),
            "server.py": self._render("server.py.jinja"),
            "types.py": self._render("types.py.jinja"),
            "models/__init__.py": self._render("models_init.py.jinja"),
            "api/__init__.py": self._render("package.py.jinja", docstring="The operations, a package for each tag."),
        }
        for operation in self.operations:
            docstring = f"The operations of the tag `{operation.tag}`, a module each."
            modules[f"api/{operation.tag}/__init__.py"] = self._render("package.py.jinja", docstring=docstring)
            modules[f"api/{operation.tag}/{operation.name}.py"] = self._render(
                "operation.py.jinja", operation=operation
            )
        for model in self.specification.data.models:
            if model.class_info.name in self.public:
                modules[f"models/{model.class_info.module_name}.py"] = self._render("model.py.jinja", model=model)
        for enum in self.specification.data.enums:
            if enum.class_info.name not in self.public:
                continue
            modules[f"models/{enum.class_info.module_name}.py"] = self._render(_enum_template(enum), enum=enum)
        return modules

    def _render(self, template: str, **values: Any) -> str:
        return self.environment.get_template(template).render(**values)


def described(thing: Any) -> str:
    """Return the description of a thing, with a word of warning where it is deprecated."""
    description = " ".join(str(thing.description or "").split()) if thing.deprecated else str(thing.description or "")
    return f"{description} Deprecated.".strip() if thing.deprecated else description


def _enum_template(enum: Any) -> str:
    if isinstance(enum, LiteralEnumProperty):
        return "literal_enum.py.jinja"
    return "int_enum.py.jinja" if enum.value_type is int else "str_enum.py.jinja"


def tidy(package: Path) -> None:
    """Sort the imports of every module, drop those that it does not need, and format it."""
    ruff = [sys.executable, "-m", "ruff"]
    settings = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", "--quiet"]
    rules = ["--isolated", "--target-version=py311", "--line-length=120", "--select=I,F401,UP,TC005", "--fix-only"]
    subprocess.run([*ruff, "check", *rules, "--no-cache", "--quiet", str(package)], check=True)
    compact = ["--config", "format.skip-magic-trailing-comma=true"]
    subprocess.run([*ruff, "format", *settings, *compact, str(package)], check=True)


def differences(wanted: Path, present: Path) -> list[str]:
    """Return the paths of the modules that are not the same in two packages."""
    sources, others = read_modules(wanted), read_modules(present)
    return sorted(name for name in sources.keys() | others.keys() if sources.get(name) != others.get(name))


def replace(wanted: Path, present: Path) -> None:
    """Make a package what another is, and touch only the modules that differ."""
    sources = read_modules(wanted)
    for name in differences(wanted, present):
        module = present / name
        if name in sources:
            module.parent.mkdir(parents=True, exist_ok=True)
            module.write_bytes(sources[name])
        else:
            module.unlink()
    for directory in sorted((path for path in present.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.suffix == ".py" for path in directory.rglob("*")):
            shutil.rmtree(directory)


def read_modules(package: Path) -> dict[str, bytes]:
    """Return the source of each module of a package, by its path."""
    return {module.relative_to(package).as_posix(): module.read_bytes() for module in package.rglob("*.py")}
