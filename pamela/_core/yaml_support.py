"""Models in PyYAML: `yaml.safe_dump(call)` writes a model as a mapping, and a list of models as a list."""

from __future__ import annotations

import sys
from typing import Any

from .model import Model, ModelList

_DUMPERS = ("SafeDumper", "CSafeDumper", "Dumper", "CDumper")


def teach_yaml() -> None:
    """Let PyYAML write models as mappings, if the program has imported it. This imports nothing."""
    yaml: Any = sys.modules.get("yaml")
    safe_dumper = getattr(yaml, "SafeDumper", None)
    if safe_dumper is None or Model in safe_dumper.yaml_multi_representers:
        return
    for name in _DUMPERS:
        dumper = getattr(yaml, name, None)
        if dumper is not None:
            dumper.add_multi_representer(Model, safe_dumper.represent_dict)
            dumper.add_multi_representer(ModelList, safe_dumper.represent_list)
