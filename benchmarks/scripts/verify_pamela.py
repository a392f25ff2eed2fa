"""Verifying a webhook, from its raw bytes and from the dict, and the least that either can take."""

import hmac
import json

from worker import repeat, serve

from pamela import sign_webhook, verify_webhook_signature

SECRET = "whsec_example"
KEY = SECRET.encode()
EVENT = {
    "event": "call.completed",
    "call_id": "call_000001",
    "status": "completed",
    "timestamp": "2026-03-14T15:10:45Z",
    "transcript": [
        {"speaker": speaker, "text": text, "timestamp": "2026-03-14T15:10:00Z"}
        for speaker, text in [
            ("agent", "Hello, this is Pamela, calling for John from Acme. Do you have a minute?"),
            ("user", "Hi Pamela. Yes, what is it about?"),
            ("agent", "John would like to meet you next week. Would Tuesday or Wednesday suit you?"),
            ("user", "Tuesday is good, at ten, if he can come here."),
            ("agent", "He can. I have noted Tuesday at ten, at your office."),
            ("user", "Thank you, bye."),
        ]
    ],
}
BODY = json.dumps(EVENT, sort_keys=True, separators=(",", ":")).encode()
SIGNATURE = sign_webhook(BODY, SECRET)


def dict_and_hmac() -> None:
    hmac.digest(KEY, json.dumps(EVENT, sort_keys=True, separators=(",", ":")).encode(), "sha256")


ACTIONS = {
    "bytes": lambda: verify_webhook_signature(BODY, SIGNATURE, SECRET),
    "bytes, at least": lambda: hmac.digest(KEY, BODY, "sha256"),
    "dict": lambda: verify_webhook_signature(EVENT, SIGNATURE, SECRET),
    "dict, at least": dict_and_hmac,
}
assert ACTIONS["bytes"]() is True
assert ACTIONS["dict"]() is True

serve(lambda what, times: repeat(ACTIONS[what])(times))
