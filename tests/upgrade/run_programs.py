"""Runs in the Python of either version: reads programs as JSON, runs each, and prints what came of it as JSON."""

import json
import sys
from typing import Any

from pamela import PamelaClient


def run(program: dict[str, str]) -> dict[str, Any]:
    names: dict[str, Any] = {"client": PamelaClient(program["api_key"], program["base_url"])}
    try:
        exec(program["code"], names)
        return {"result": json.loads(json.dumps(names["result"]))}
    except Exception as error:
        return {
            "exception": [f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__[:-2]],
            "message": str(error) if isinstance(error.args[0] if error.args else None, str) else repr(error.args),
            **{name: getattr(error, name, None) for name in ("error_code", "details", "status_code")},
        }


json.dump([run(program) for program in json.load(sys.stdin)], sys.stdout)
