"""Forging webhooks: one that was signed in, countless that were not out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pamela.webhooks import sign_webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECRET = "whsec_example"
TOLERANCE = 300


@dataclass(frozen=True)
class Request:
    """A body and its signature header, None when it is missing."""

    body: bytes
    signature: str | None

    def signed(self) -> str:
        """The signature, where there is one."""
        return self.signature or ""


def genuine(random: random.Random, age: float = 0) -> Request:
    """What Pamela sends: an event or an invocation, in some JSON form, signed over its bytes or its canonical form."""
    moment = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    payload: dict[str, Any] = {"call_id": f"call_{random.getrandbits(32):x}", "timestamp": moment, "cost": 1e16}
    if random.random() < 0.5:
        payload |= {"event": random.choice(["call.queued", "call.completed"]), "transcript": [{"text": "Grüße, Zoë"}]}
    else:
        payload |= {"tool_name": "double", "correlation_id": f"corr_{random.getrandbits(64):x}"}
        payload |= {"arguments": {"number": random.randrange(99), "run": "forged"}}
    text = json.dumps(payload, ensure_ascii=random.random() < 0.5, indent=random.choice([None, 2]))
    return Request(text.encode(), sign_webhook(text if random.random() < 0.5 else payload, SECRET))


def _flip_body_bit(random: random.Random, request: Request) -> Request:
    flipped = bytearray(request.body)
    flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return replace(request, body=bytes(flipped))


def _cut_body(random: random.Random, request: Request) -> Request:
    return replace(request, body=request.body[: random.randrange(len(request.body))])


def _insert_into_body(random: random.Random, request: Request) -> Request:
    place = random.randrange(len(request.body) + 1)
    return replace(request, body=request.body[:place] + random.randbytes(random.randrange(1, 9)) + request.body[place:])


def _drop_from_body(random: random.Random, request: Request) -> Request:
    place = random.randrange(len(request.body))
    return replace(request, body=request.body[:place] + request.body[place + random.randrange(1, 9) :])


def _slip_in_a_key(random: random.Random, request: Request) -> Request:
    key = random.choice(["call_id", "timestamp", "event", "tool_name", "arguments"]).encode()
    return replace(request, body=b'{"' + key + b'":"forged",' + request.body[1:])


def _change_the_payload(random: random.Random, request: Request) -> Request:
    payload = json.loads(request.body) | {"call_id": "call_forged"}
    return replace(request, body=json.dumps(payload).encode())


def _replace_body(random: random.Random, request: Request) -> Request:
    bodies = [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"a":NaN}',
        b"[" * 5000,
        random.randbytes(random.randrange(99)),
    ]
    return replace(request, body=random.choice(bodies))


def _flip_signature_bit(random: random.Random, request: Request) -> Request:
    flipped = bytearray(request.signed().encode())
    flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(7)
    return replace(request, signature=flipped.decode())


def _cut_signature(random: random.Random, request: Request) -> Request:
    return replace(request, signature=request.signed()[: random.randrange(64)])


def _lengthen_signature(random: random.Random, request: Request) -> Request:
    more = random.choice(["0", request.signed(), ", " + request.signed(), "=="])
    return replace(request, signature=request.signed() + more)


def _space_signature(random: random.Random, request: Request) -> Request:
    place = random.randrange(1, 63)
    return replace(request, signature=f"{request.signed()[:place]} {request.signed()[place:]}")


def _replace_signature(random: random.Random, request: Request) -> Request:
    body, key = request.body, SECRET.encode()
    signatures = [
        None,
        "",
        "null",
        "0" * 64,
        "é" * 64,
        random.randbytes(32).hex(),
        hashlib.sha256(body).hexdigest(),
        hmac.new(key, body, "sha1").hexdigest(),
        hmac.new(key, body, "sha512").hexdigest()[:64],
        hmac.new(b"", body, "sha256").hexdigest(),
        hmac.new(body, key, "sha256").hexdigest(),
        base64.b64encode(hmac.digest(key, body, "sha256")).decode(),
        f"sha256={request.signed()}",
        sign_webhook(body, "whsec_other"),
        sign_webhook(b"", SECRET),
        sign_webhook({}, SECRET),
    ]
    return replace(request, signature=random.choice(signatures))


def _replay(random: random.Random, request: Request) -> Request:
    seconds = random.uniform(TOLERANCE + 60, 10**9)
    return genuine(random, random.choice([seconds, -seconds]))


FORGERIES: dict[str, Callable[[random.Random, Request], Request]] = {
    "flip a bit of the body": _flip_body_bit,
    "cut the body": _cut_body,
    "insert into the body": _insert_into_body,
    "drop from the body": _drop_from_body,
    "slip in a key": _slip_in_a_key,
    "change the payload": _change_the_payload,
    "replace the body": _replace_body,
    "flip a bit of the signature": _flip_signature_bit,
    "cut the signature": _cut_signature,
    "lengthen the signature": _lengthen_signature,
    "space the signature": _space_signature,
    "replace the signature": _replace_signature,
    "replay": _replay,
}


def means_the_same(forged: Request, original: Request) -> bool:
    """Whether a change left what was signed as it was: a blank more between tokens, capitals in the signature."""
    if (forged.signature or "").strip().lower() != original.signature:
        return False
    if forged.body == original.body:
        return True
    payload = json.loads(original.body)
    try:
        same = json.loads(forged.body.decode(), object_pairs_hook=_unique) == payload
    except (ValueError, RecursionError):
        return False
    return same and original.signature == sign_webhook(payload, SECRET)


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(members)) < len(members):
        raise ValueError("a key is there twice")
    return dict(members)


def forge(random: random.Random, kind: str) -> Request:
    """One forged request."""
    while True:
        original = genuine(random)
        forged = FORGERIES[kind](random, original)
        if not means_the_same(forged, original):
            return forged


def forgeries(number: int, seed: int) -> Iterator[Request]:
    """As many forged requests, of all kinds in turn; the same for the same seed but for their timestamps."""
    source = random.Random(seed)
    kinds = list(FORGERIES)
    for index in range(number):
        yield forge(source, kinds[index % len(kinds)])
