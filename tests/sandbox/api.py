"""An HTTP client for the sandbox that holds every answer against the contract."""

import re
from typing import Any

import httpx

from pamela.sandbox import Sandbox
from pamela.sandbox.specification import load_specification

from .waiting import until

PREFIX = "/api/b2b/v1"
EVENT_SCHEMAS = {
    "call.queued": "CallQueuedEvent",
    "call.started": "CallStartedEvent",
    "call.transcript_update": "CallTranscriptUpdateEvent",
    "call.completed": "CallCompletedEvent",
    "call.failed": "CallFailedEvent",
}


class Api(httpx.Client):
    """Requests to one project of a sandbox."""

    def __init__(self, sandbox: Sandbox, key: str, *, judged: bool = True) -> None:
        hooks = {"response": [judge]} if judged else {}
        headers = {"Authorization": f"Bearer {key}"}
        # There is no TLS here, and to get ready for it would take longer than most tests.
        super().__init__(base_url=sandbox.base_url, headers=headers, event_hooks=hooks, timeout=30, verify=False)

    def create(self, to: str = "+1234567890", task: str = "Schedule a meeting", **more: Any) -> dict[str, Any]:
        """Places a call that is accepted."""
        response = self.post(f"{PREFIX}/calls", json={"to": to, "task": task, **more})
        assert response.status_code == 201, response.text
        return body_of(response)

    def call(self, call_id: str) -> dict[str, Any]:
        return body_of(self.get(f"{PREFIX}/calls/{call_id}"))

    def wait_for_status(self, call_id: str, *statuses: str) -> dict[str, Any]:
        until(lambda: self.call(call_id)["status"] in statuses)
        return self.call(call_id)

    def finish(self, to: str = "+1234567890", task: str = "Schedule a meeting", **more: Any) -> dict[str, Any]:
        """Places a call and waits for its end."""
        return self.wait_for_status(self.create(to, task, **more)["id"], "completed", "failed")

    def cancel(self, call_id: str) -> httpx.Response:
        return self.post(f"{PREFIX}/calls/{call_id}/cancel")

    def hang_up(self, call_id: str) -> httpx.Response:
        return self.post(f"{PREFIX}/calls/{call_id}/hangup")

    def deliveries(self, **query: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = body_of(self.get("/sandbox/deliveries", params=query))["items"]
        return items


def body_of(response: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    return body


def judge(response: httpx.Response) -> None:
    """Fails for an answer that the contract does not describe."""
    response.read()
    assert re.fullmatch("req_[0-9a-f]{16}", response.headers["X-Request-Id"])
    specification = load_specification()
    path = response.request.url.path
    for operation in specification.operations:
        if operation.method == response.request.method and re.fullmatch(re.sub("{.*?}", ".+", operation.path), path):
            break
    else:
        return
    answers = specification.document["paths"][operation.path][operation.method.lower()]["responses"]
    status = str(response.status_code)
    answer = answers.get(status) or answers.get(f"{status[0]}XX")
    assert answer is not None, f"{operation.id} answered {status}: {response.text}"
    if "$ref" in answer:
        answer = specification.document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    assert response.headers["Content-Type"] == "application/json"
    schema = specification.request_schema(answer["content"]["application/json"]["schema"])
    assert schema.find_issues(response.json(), []) == []


def issues_of_event(body: dict[str, Any]) -> list[Any]:
    """Return what is wrong with the body of an event, by the specification."""
    specification = load_specification()
    schema = specification.request_schema(specification.schema(EVENT_SCHEMAS[body["event"]]))
    return schema.find_issues(body, [])
