"""`pamela spec`: print the specification of the API."""

from __future__ import annotations

import json

import click

from .help import Command
from .output import write_line


@click.command(cls=Command, examples=("pamela spec > openapi.yaml", "pamela spec --json | jq '.paths | keys'"))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of YAML.")
def spec(as_json: bool) -> None:
    """Print the specification of the API.

    It is the OpenAPI 3.1 file of this version of the package. The command sends nothing.
    """
    from pamela import openapi_specification

    if not as_json:
        write_line(openapi_specification().rstrip("\n"))
        return
    from .specification import load

    write_line(json.dumps(load(), indent=2, ensure_ascii=False))
