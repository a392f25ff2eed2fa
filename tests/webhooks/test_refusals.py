"""What the log says of refused requests: path and reason, once a minute."""

from __future__ import annotations

import logging

import httpx
import pytest
from flask import Flask

from pamela import WebhookEndpoint
from pamela._webhooks import refusals
from pamela._webhooks.refusals import RefusalLog
from pamela.integrations.flask import webhook_blueprint

BODY = b'{"event": "call.queued", "call_id": "call_1"}'


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_line_a_minute_for_each_path_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    log = RefusalLog(clock)
    for _ in range(20):
        log.write("/hooks", "wrong_signature", "It does not match.")
    log.write("/hooks", "stale", "It is old.")
    log.write("/other", "wrong_signature", "It does not match.")
    clock.now += 59.9
    log.write("/hooks", "wrong_signature", "It does not match.")
    clock.now += 0.1
    log.write("/hooks", "wrong_signature", "It does not match.")

    assert caplog.messages == [
        "Refused a webhook to /hooks (wrong_signature): It does not match.",
        "Refused a webhook to /hooks (stale): It is old.",
        "Refused a webhook to /other (wrong_signature): It does not match.",
        "Refused a webhook to /hooks (wrong_signature): It does not match. "
        "20 more were refused for this reason since the last line.",
    ]


def test_ever_new_paths_do_not_fill_the_memory() -> None:
    log = RefusalLog(Clock())
    for number in range(3 * refusals.MOST_KINDS):
        log.write(f"/{number}", "wrong_signature", "It does not match.")
    assert len(log._last) == refusals.MOST_KINDS


def test_a_path_cannot_forge_a_line(caplog: pytest.LogCaptureFixture) -> None:
    RefusalLog(Clock()).write("/a\nERROR root: forged", "method", "The method is 'GET', not POST.")
    assert caplog.messages == [r"Refused a webhook to /a\nERROR root: forged (method): The method is 'GET', not POST."]


def test_twenty_requests_with_a_wrong_secret(caplog: pytest.LogCaptureFixture) -> None:
    app = Flask(__name__)
    app.register_blueprint(webhook_blueprint(WebhookEndpoint("whsec_example"), "/hooks/<shop>"))
    with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://acme.test") as http:
        for _ in range(20):
            response = http.post("/hooks/a", content=BODY, headers={"X-Pamela-Signature": "0" * 64})
            assert response.status_code == 401
    (record,) = [each for each in caplog.records if each.name == "pamela.webhooks"]
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("Refused a webhook to /hooks/a (wrong_signature): ")
