"""Signing and verifying."""

from __future__ import annotations

import hashlib
import hmac
import json
import subprocess
import sys
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pamela.endpoint import WebhookEndpoint
from pamela.webhooks import parse_tool_webhook, sign_webhook, verify_webhook_signature

SECRET = "whsec_example"

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
json_objects = st.dictionaries(st.text(), json_values, max_size=5)


def canonical(payload: dict[str, Any]) -> str:
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def reference(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@given(json_objects)
def test_a_mapping_is_signed_in_its_canonical_form(payload: dict[str, Any]) -> None:
    signature = reference(canonical(payload).encode())
    assert sign_webhook(payload, SECRET) == signature
    assert verify_webhook_signature(payload, signature, SECRET)
    assert verify_webhook_signature(MappingProxyType(payload), signature, SECRET)


@given(json_objects, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_a_body_counts_when_its_bytes_or_its_canonical_form_are_signed(
    payload: dict[str, Any], indent: Any, escape: bool
) -> None:
    text = json.dumps(payload, indent=indent, ensure_ascii=escape)
    body = text.encode("utf-8", "replace")
    if json.loads(body) != payload:
        return  # lone surrogates have no UTF-8
    for signature in (reference(body), reference(canonical(payload).encode())):
        assert verify_webhook_signature(text, signature, SECRET)
        assert verify_webhook_signature(body, signature, SECRET)
        assert verify_webhook_signature(bytearray(body), signature, SECRET)
        assert verify_webhook_signature(memoryview(body), signature, SECRET)


@given(st.binary(max_size=200))
def test_any_bytes_can_be_signed(body: bytes) -> None:
    assert sign_webhook(body, SECRET) == reference(body)
    assert verify_webhook_signature(body, reference(body), SECRET)
    assert not verify_webhook_signature(body, reference(body, "whsec_other"), SECRET)


@given(json_objects)
def test_text_is_signed_as_it_is(payload: dict[str, Any]) -> None:
    text = json.dumps(payload, indent=1)
    assert sign_webhook(text, SECRET) == reference(text.encode())


@pytest.mark.parametrize("form", [str.upper, str.title, " {} ".format, "\t{}\r\n".format])
@pytest.mark.parametrize("payload", [b'{"a":1}', '{"a":1}', {"a": 1}])
def test_case_and_surrounding_blanks_of_a_signature_do_no_harm(form: Any, payload: Any) -> None:
    assert verify_webhook_signature(payload, form(sign_webhook(payload, SECRET)), SECRET)


GOOD = sign_webhook(b"{}", SECRET)


@pytest.mark.parametrize(
    "signature",
    [
        None,
        "",
        "   ",
        GOOD[:-1],
        GOOD + "0",
        f"sha256={GOOD}",
        f"{GOOD[:32]} {GOOD[32:]}",
        f"{GOOD[:30]}  {GOOD[32:]}",
        "é" * 64,
        GOOD[:-1] + "\uff10",
        "\udcff" * 64,
        GOOD[:-1] + "\x00",
        GOOD.encode(),
        17,
        "0" * 10_000_000,
    ],
)
@pytest.mark.parametrize("payload", [b"{}", "{}", {}, bytearray(b"{}")])
def test_a_wrong_malformed_or_missing_signature_is_false(payload: Any, signature: Any) -> None:
    assert verify_webhook_signature(payload, signature, SECRET) is False


@pytest.mark.parametrize(
    "payload",
    [
        "\ud800",
        '{"a":"\ud800"}',
        b"\xff\xfe{\x00}\x00",
        '\ufeff{"a":1}',
        '{"a":1,"a":1}',
        '{"b":{"a":1,"a":2},"a":1}',
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":1e999}',
        "[" * 200_000,
        '{"a":' * 200_000,
        '{"a":' + "9" * 5_000 + "}",
        b"x" * 10_000_000,
        b"",
        {"a": float("nan")},
        {"a": float("inf")},
        {"a": object()},
        {"a": 1, 2: 3},
        [1, 2],
        None,
        5,
    ],
    ids=lambda payload: repr(payload)[:20],
)
def test_no_payload_crashes_or_passes(payload: Any) -> None:
    for signature in (GOOD, sign_webhook({"a": 1}, SECRET), "0" * 64):
        assert verify_webhook_signature(payload, signature, SECRET) is False


def test_a_very_deep_mapping_neither_crashes_nor_passes() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    assert verify_webhook_signature(deep, GOOD, SECRET) is False


def test_repeated_keys_cannot_be_slipped_into_a_signed_event() -> None:
    signature = sign_webhook({"event": "call.queued", "call_id": "call_1"}, SECRET)
    assert verify_webhook_signature('{"call_id":"call_1","event":"call.queued"}', signature, SECRET)
    forged = '{"call_id":"call_2","call_id":"call_1","event":"call.queued"}'
    assert verify_webhook_signature(forged, signature, SECRET) is False


def test_several_secrets_count_while_one_replaces_another() -> None:
    for payload in (b"{ }", "{ }", {"a": 1}):
        old = sign_webhook(payload, "whsec_old")
        assert verify_webhook_signature(payload, old, ["whsec_new", "whsec_old"])
        assert verify_webhook_signature(payload, old, ("whsec_old", "whsec_new"))
        assert not verify_webhook_signature(payload, old, ["whsec_new"])


@pytest.mark.parametrize(
    "secret", ["whsec_example\n", "whsec_example\r\n", "\nwhsec_example", ["whsec_1", "whsec_2\n"]]
)
def test_a_secret_with_a_line_end_is_an_error_that_does_not_show_it(secret: Any) -> None:
    for make in (lambda: verify_webhook_signature(b"{}", "0" * 64, secret), lambda: WebhookEndpoint(secret)):
        with pytest.raises(ValueError, match="contains a line break") as caught:
            make()
        assert "whsec" not in str(caught.value)


@pytest.mark.parametrize("secret", ["", [], (), ["whsec_example", ""], None])
def test_an_empty_secret_is_an_error(secret: Any) -> None:
    for signature in (GOOD, "", None):
        with pytest.raises(ValueError, match="secret cannot be empty"):
            verify_webhook_signature(b"{}", signature, secret)
    with pytest.raises(ValueError, match="secret cannot be empty"):
        sign_webhook(b"{}", secret)


def test_a_secret_that_is_no_text_is_an_error_that_does_not_show_it() -> None:
    with pytest.raises(TypeError, match="is a str") as caught:
        verify_webhook_signature(b"{}", GOOD, [b"whsec_example"])  # type: ignore[list-item]
    assert "whsec" not in str(caught.value)


def test_a_secret_of_undecodable_bytes_works() -> None:
    secret = "whsec_\udcff"  # as os.environ gives it
    assert verify_webhook_signature(b"{}", sign_webhook(b"{}", secret), secret)


def test_what_has_no_json_form_cannot_be_signed() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    unsignable: list[Any] = [{"a": float("nan")}, {"a": object()}, {"a": 1, 2: 3}, MappingProxyType({"a": b"b"}), deep]
    for payload in unsignable:
        with pytest.raises(
            ValueError, match=r"^The webhook payload cannot be written as JSON: .+\. Sign plain JSON values\.$"
        ):
            sign_webhook(payload, SECRET)
    with pytest.raises(TypeError, match="a mapping, text or bytes, not list"):
        sign_webhook([1], SECRET)  # type: ignore[arg-type]


INVOCATION = {"tool_name": "eta", "arguments": {"x": 1}, "call_id": "call_1", "correlation_id": "corr_1"}


def test_parse_tool_webhook_gives_seven_keys() -> None:
    parsed = parse_tool_webhook({**INVOCATION, "project_id": "project_1", "new_field": 1})
    absent = {"call_session_id": None, "partner_id": None}
    assert parsed == {**INVOCATION, **absent, "project_id": "project_1"}
    assert type(parsed) is dict


def test_parse_tool_webhook_names_what_is_missing() -> None:
    with pytest.raises(ValueError, match=r"^Missing required fields: tool_name, arguments, call_id, correlation_id$"):
        parse_tool_webhook({})
    with pytest.raises(ValueError, match=r"^Missing required fields: correlation_id$"):
        parse_tool_webhook({name: value for name, value in INVOCATION.items() if name != "correlation_id"})


def test_verification_loads_nothing_heavy() -> None:
    code = "import sys; from pamela import verify_webhook_signature; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"aiohttp", "attr", "attrs", "dateutil", "httpx", "pydantic", "requests", "dataclasses", "inspect"}
    assert heavy.isdisjoint(loaded)
    assert not any(name.startswith("pamela._generated") for name in loaded)
