"""The recorded bodies are whole, signed as they should be, and what the specification and the package say of them."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from pamela import construct_event, parse_tool_webhook, verify_webhook_signature
from scripts.fixtures import FIXTURES

from .conftest import DOCUMENT, run

MANIFEST: dict[str, Any] = json.loads((FIXTURES / "manifest.json").read_text())
SPECIFICATION = "urn:specification"
REGISTRY: Registry[Any] = Registry().with_resource(SPECIFICATION, DRAFT202012.create_resource(DOCUMENT))
RECORDED = [*MANIFEST["webhooks"], *MANIFEST["errors"]]


def named(recorded: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(each, id=each["name"]) for each in recorded]


def body_of(recorded: dict[str, Any]) -> bytes:
    file: Path = FIXTURES / recorded["file"]
    return file.read_bytes()


@pytest.mark.parametrize("recorded", named(RECORDED))
def test_a_body_is_what_the_manifest_says(recorded: dict[str, Any]) -> None:
    body = body_of(recorded)
    schema = {"$ref": f"{SPECIFICATION}#/components/schemas/{recorded['schema']}"}

    assert hashlib.sha256(body).hexdigest() == recorded["sha256"]
    assert [
        error.message for error in Draft202012Validator(schema, registry=REGISTRY).iter_errors(json.loads(body))
    ] == []


@pytest.mark.parametrize("recorded", named(MANIFEST["webhooks"]))
def test_a_webhook_is_signed(recorded: dict[str, Any]) -> None:
    body, signature, secret = body_of(recorded), recorded["signature"], MANIFEST["secret"]

    assert verify_webhook_signature(body, signature, secret)
    assert not verify_webhook_signature(body.replace(b"call_", b"cal1_", 1), signature, secret)
    if recorded["name"] == "tool.invocation":
        assert parse_tool_webhook(json.loads(body))["tool_name"] == "check_order_status"
    else:
        event = construct_event(body, signature, secret, tolerance=None)
        assert (type(event).__name__, event.event) == (recorded["schema"], recorded["name"])


def test_all_webhooks_errors_and_statuses_are_there() -> None:
    statuses = {status for item in DOCUMENT["paths"].values() for each in item.values() for status in each["responses"]}
    codes = [each["code"] for each in MANIFEST["errors"] if each["code"] is not None]

    assert [each["name"] for each in MANIFEST["webhooks"]] == [*DOCUMENT["webhooks"]]
    assert sorted(codes) == sorted(DOCUMENT["components"]["schemas"]["ErrorCode"]["enum"])
    assert {str(each["status"]) for each in MANIFEST["errors"]} == {status for status in statuses if status >= "4"} - {
        "5XX"
    }
    files = {file.relative_to(FIXTURES).as_posix() for file in FIXTURES.rglob("*.json")}
    assert files == {each["file"] for each in RECORDED} | {"manifest.json"}


@pytest.mark.slow
def test_the_script_records_the_same_again(tmp_path: Path) -> None:
    result = run([sys.executable, "scripts/fixtures.py", tmp_path / "fixtures"])
    assert result.returncode == 0, result.stdout
    again = json.loads((tmp_path / "fixtures" / "manifest.json").read_text())

    def what_stays(manifest: dict[str, Any]) -> list[Any]:
        recorded = [*manifest["webhooks"], *manifest["errors"]]
        return [{key: value for key, value in each.items() if key not in {"sha256", "signature"}} for each in recorded]

    assert what_stays(again) == what_stays(MANIFEST)
