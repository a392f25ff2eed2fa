"""The test vectors that all languages share hold for this package, and cover what is difficult."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from pamela import sign_webhook, verify_webhook_signature

from .conftest import ROOT

VECTORS: dict[str, list[dict[str, str]]] = json.loads(
    (ROOT / "docs" / "reference" / "webhook-signatures.json").read_text()
)


def named(vectors: list[dict[str, str]]) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in vectors]


@pytest.mark.parametrize("vector", named(VECTORS["accept"]))
def test_accepts(vector: dict[str, str]) -> None:
    body, secret = vector["body"], vector["secret"]

    for form in (body, body.encode()):
        assert verify_webhook_signature(form, vector["body_signature"], secret)
        assert verify_webhook_signature(form, vector["canonical_signature"], secret)
    assert verify_webhook_signature(json.loads(body), vector["canonical_signature"], secret)


@pytest.mark.parametrize("vector", named(VECTORS["accept"]))
def test_signs(vector: dict[str, str]) -> None:
    assert sign_webhook(vector["body"], vector["secret"]) == vector["body_signature"]
    assert sign_webhook(json.loads(vector["body"]), vector["secret"]) == vector["canonical_signature"]


@pytest.mark.parametrize("vector", named(VECTORS["accept"]))
def test_a_vector_is_an_hmac_of_what_it_says(vector: dict[str, str]) -> None:
    for text, signature in (("body", "body_signature"), ("canonical", "canonical_signature")):
        expected = hmac.new(vector["secret"].encode(), vector[text].encode(), hashlib.sha256)
        assert vector[signature] == expected.hexdigest()
    assert json.loads(vector["canonical"]) == json.loads(vector["body"])


@pytest.mark.parametrize("vector", named(VECTORS["refuse"]))
def test_refuses(vector: dict[str, str]) -> None:
    assert not verify_webhook_signature(vector["body"], vector["signature"], vector["secret"])
    assert not verify_webhook_signature(vector["body"].encode(), vector["signature"], vector["secret"])


def test_the_vectors_cover_what_is_difficult() -> None:
    bodies = [json.loads(vector["body"]) for vector in VECTORS["accept"]]
    values = [value for body in bodies for value in inner(body)]

    assert any(isinstance(value, str) and not value.isascii() for value in values)
    assert any(isinstance(value, str) and max(value, default="") > "\uffff" for value in values)
    assert any(isinstance(value, float) and value == int(value) for value in values)
    assert any(isinstance(value, int) and value > 2**63 for value in values)
    assert {} in values
    assert [] in values
    assert {} in bodies


def inner(value: Any) -> list[Any]:
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [value, *(deeper for member in members for deeper in inner(member))]
