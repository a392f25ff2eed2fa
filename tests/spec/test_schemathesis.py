"""Schemathesis, with all its checks and along the specification's links, finds nothing wrong with the sandbox."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import pamela.sandbox
from pamela.sandbox.deliveries import Deliveries, DeliveryResult

from .conftest import ROOT, run

RUNS = [
    pytest.param(20, "examples,fuzzing,stateful", id="some"),
    pytest.param(100, "examples,coverage,fuzzing,stateful", id="all", marks=pytest.mark.slow),
]
"""How many requests each phase makes of an operation, and which phases there are."""


async def stay_here(deliveries: Deliveries, row: Any, headers: dict[str, str]) -> DeliveryResult:
    return DeliveryResult(headers, row["due"], 0.0, error="not sent")


def as_the_sandbox_takes_it() -> dict[str, Any]:
    """Return the specification without the fields that the service may come to know, which the sandbox refuses."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    for name in ("CreateCallRequest", "CallWebhooks", "RegisterToolRequest", "ToolDefinition"):
        document["components"]["schemas"][name]["additionalProperties"] = False
    return document


@pytest.mark.parametrize(("examples", "phases"), RUNS)
def test_finds_nothing(examples: int, phases: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The addresses of webhooks are made up; nothing may be sent there.
    monkeypatch.setattr(Deliveries, "_post", stay_here)
    specification = tmp_path / "openapi.yaml"
    specification.write_text(yaml.safe_dump(as_the_sandbox_takes_it(), allow_unicode=True))
    options = [
        "--checks=all",
        "--generation-deterministic",
        "--continue-on-failure",
        f"--max-examples={examples}",
        f"--phases={phases}",
    ]

    with pamela.sandbox.run(speed=100) as sandbox:
        key = f"--header=Authorization: Bearer {sandbox.api_key}"
        schemathesis = Path(sys.executable).parent / "schemathesis"
        command = [schemathesis, "run", specification, f"--url={sandbox.base_url}", key, *options, "--no-color"]
        result = run(command, cwd=tmp_path)

    assert result.returncode == 0, result.stdout
    assert "Tested: 9" in result.stdout
    assert "✅ Stateful" in result.stdout
