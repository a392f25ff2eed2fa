"""Calls in which somebody takes the callee's part."""

from typing import Any

import pytest

from pamela.sandbox import Sandbox, SandboxError, SandboxProject

from .api import Api, body_of
from .receiver import Received, Receiver, Reply
from .waiting import until

TOOL = {"name": "look_up", "description": "Looks up", "input_schema": {"properties": {"order_id": {"type": "string"}}}}


@pytest.fixture
def project(slow_sandbox: Sandbox, api_key: str) -> SandboxProject:
    return slow_sandbox.project(api_key)


def said(call: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["speaker"], entry["text"]) for entry in call["transcript"] or []]


def test_a_conversation_is_held(project: SandboxProject, slow_api: Api) -> None:
    call = slow_api.create(task="Ask when the shop opens", agent_name="Iris")
    callee = project.take(call)
    callee.wait_until_connected()

    callee.say("The shop, good morning?")
    until(lambda: len(said(slow_api.call(call["id"]))) == 2)
    callee.say("We open at nine.", reply=False)
    callee.say("And that is that.", speaker="agent")
    shown = callee.hang_up(summary="At nine")

    ended = slow_api.call(call["id"])
    assert shown["call"] == ended
    assert said(ended) == [
        ("user", "The shop, good morning?"),
        ("agent", "Hello, this is Iris, an AI assistant."),
        ("user", "We open at nine."),
        ("agent", "And that is that."),
    ]
    assert (ended["status"], ended["summary"]) == ("completed", "At nine")
    assert ended["billed_minutes"] == 1


def test_a_call_that_goes_on_is_taken_over(project: SandboxProject, slow_api: Api) -> None:
    call = slow_api.wait_for_status(slow_api.create("+15005550004")["id"], "in_progress")
    callee = project.take(call)

    waiting = project.call(call)
    callee.say("Somebody else now.", reply=False)
    ended = callee.hang_up(broken_off=True)["call"]

    assert (waiting["live"], waiting["call"]["status"]) == (True, "in_progress")
    assert said(ended)[-1] == ("user", "Somebody else now.")
    assert (ended["status"], ended["summary"]) == ("failed", "The connection broke off.")


def test_a_line_that_would_be_busy_is_answered(project: SandboxProject, slow_api: Api) -> None:
    callee = project.take(slow_api.create("+15005550002"))
    callee.wait_until_connected()

    assert callee.hang_up()["call"]["summary"] == "The callee hung up."


def test_the_agent_uses_a_tool(project: SandboxProject, slow_api: Api, receiver: Receiver) -> None:
    def answer(received: Received) -> Reply:
        return Reply.of({"result": "shipped"})

    receiver.answer = answer
    webhooks = {"tool_webhook_url": receiver.tool_url}
    call = slow_api.create(task="Check on order 1042", tools=[TOOL], webhooks=webhooks)
    callee = project.take(call)
    callee.wait_until_connected()

    callee.invoke("look_up")
    until(lambda: ("agent", "Here is what I found: shipped.") in said(slow_api.call(call["id"])))
    callee.invoke("look_up", {"order_id": "7"})
    until(lambda: said(slow_api.call(call["id"])).count(("agent", "Here is what I found: shipped.")) == 2)
    with pytest.raises(SandboxError, match="The call has no tool lookup; its tools: look_up"):
        callee.invoke("lookup")
    callee.hang_up()

    assert [each.json["arguments"] for each in receiver.invocations] == [{"order_id": "1042"}, {"order_id": "7"}]


def test_the_rest_is_left_to_the_sandbox(project: SandboxProject, slow_api: Api) -> None:
    callee = project.take(slow_api.create())
    callee.wait_until_connected()
    callee.say("Yes?", reply=False)

    assert callee.release()["live"] is False
    call = slow_api.wait_for_status(callee.id, "completed")

    assert said(call)[0] == ("user", "Yes?")
    assert call["summary"].startswith("Schedule a meeting: agreed on ")


def test_a_script_can_leave_the_callees_part_open(project: SandboxProject, slow_api: Api) -> None:
    project.script(live=True)
    call = slow_api.wait_for_status(slow_api.create()["id"], "in_progress")
    until(lambda: project.call(call)["waits_for"] == "person")

    assert project.call(call)["live"]
    with pytest.raises(SandboxError, match=r"is in_progress, and waits for the lines of the callee. Speak with take"):
        project.wait_for_deliveries(call, timeout=0)
    assert project.take(call).hang_up()["call"]["status"] == "completed"


def test_a_wait_for_a_person_ends_with_the_calls_time(project: SandboxProject, slow_api: Api) -> None:
    callee = project.take(slow_api.create(max_duration_seconds=2))

    call = slow_api.wait_for_status(callee.id, "completed")

    assert (call["duration_seconds"], "ended before" in call["summary"]) == (2, True)


def test_what_cannot_be_directed_is_said(project: SandboxProject, slow_api: Api) -> None:
    call = slow_api.create("+15005550001")
    line = {"text": "Hello?"}

    not_connected = slow_api.post(f"/sandbox/calls/{call['id']}/say", json=line)
    slow_api.cancel(call["id"])
    over = slow_api.post(f"/sandbox/calls/{call['id']}/take", json={})
    talking = slow_api.wait_for_status(slow_api.create("+15005550004")["id"], "in_progress")
    not_taken = slow_api.post(f"/sandbox/calls/{talking['id']}/say", json=line)
    unknown = slow_api.post("/sandbox/calls/call_0/take", json={})
    wrong = slow_api.post(f"/sandbox/calls/{talking['id']}/say", json={"txt": "Hello?"})

    assert (not_connected.status_code, "only while it is in progress" in not_connected.text) == (409, True)
    assert (over.status_code, "nobody is on the line any more" in over.text) == (409, True)
    assert (not_taken.status_code, "take it first" in not_taken.text) == (409, True)
    assert unknown.status_code == 404
    assert (wrong.status_code, "Did you mean text?" in wrong.text) == (422, True)


def test_a_call_is_shown_with_all_that_is_known_of_it(slow_api: Api, receiver: Receiver) -> None:
    body: dict[str, Any] = {"task": "Check on it", "tools": [TOOL], "webhooks": {"webhook_url": receiver.url}}
    call = slow_api.finish("+15005550003", **body)

    shown = body_of(slow_api.get(f"/sandbox/calls/{call['id']}"))

    assert shown["call"] == call
    assert shown["request"] == {"to": "+15005550003", **body}
    assert shown["tools"] == [TOOL]
    assert (shown["live"], shown["waits_for"], shown["script_id"]) == (False, None, None)
    moments = [entry["what"] for entry in shown["timeline"]]
    assert [each for each in moments if each in ("queued", "ringing", "connected", "failed")] == [
        "queued",
        "ringing",
        "connected",
        "failed",
    ]
    assert "event sent" in moments
