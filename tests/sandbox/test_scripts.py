"""Scripts: what is said, done and comes of calls instead of the sandbox's own conversation."""

from typing import Any

import pytest

from pamela.sandbox import Sandbox, SandboxError, SandboxProject

from .api import PREFIX, Api, body_of
from .receiver import Received, Receiver, Reply

NUMBER = "+12025550123"
RESCHEDULE = {"name": "reschedule", "description": "Moves the appointment", "input_schema": {"type": "object"}}


@pytest.fixture
def project(sandbox: Sandbox, api_key: str) -> SandboxProject:
    return sandbox.project(api_key)


def said(call: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["speaker"], entry["text"]) for entry in call["transcript"]]


def test_the_callee_says_what_the_script_says(project: SandboxProject, api: Api) -> None:
    project.script(to=NUMBER, says=["Harbour Hotel?", "At seven we have a table.", "Bye."], summary="A table at seven")

    call = api.finish(NUMBER)

    assert [text for speaker, text in said(call) if speaker == "user"][:3] == [
        "Harbour Hotel?",
        "At seven we have a table.",
        "Bye.",
    ]
    assert ("agent", "I am calling about the following: Schedule a meeting.") in said(call)
    assert call["summary"] == "A table at seven"


def test_a_script_with_lines_for_the_agent_is_the_whole_conversation(project: SandboxProject, api: Api) -> None:
    lines = [("user", "Hello?"), ("agent", "Wrong number, sorry."), ("user", "No problem.")]
    project.script(says=lines)

    assert said(api.finish(NUMBER)) == lines


def test_a_script_is_for_its_number_and_task(project: SandboxProject, api: Api) -> None:
    project.script(to=NUMBER, task="PIZZA", outcome="busy")

    assert api.finish(NUMBER, "Order a pizza")["status"] == "failed"
    assert api.finish(NUMBER, "Order a salad")["status"] == "completed"
    assert api.finish("+12025550124", "Order a pizza")["status"] == "completed"


def test_scripts_for_a_number_of_times_are_used_up_first(project: SandboxProject, api: Api) -> None:
    project.script(says=["Old"], summary="always, older")
    project.script(says=["New"], summary="always, newer")
    project.script(outcome="busy", times=1)
    project.script(outcome="no answer", times=1)

    summaries = [api.finish(NUMBER)["summary"] for _ in range(4)]

    assert summaries == ["The line was busy.", "Nobody answered.", "always, newer", "always, newer"]
    assert [script["used"] for script in project.scripts()] == [0, 2, 1, 1]


def answer(received: Received) -> Reply:
    return Reply.of({"result": "moved", "correlation_id": received.json["correlation_id"]})


def test_the_agent_uses_the_tools_that_the_script_says(project: SandboxProject, api: Api, receiver: Receiver) -> None:
    receiver.answer = answer
    project.script(tools=[("reschedule", {"day": "2026-12-05"}), "reschedule"])

    api.finish(NUMBER, tools=[RESCHEDULE], webhooks={"tool_webhook_url": receiver.tool_url})

    assert [each.json["arguments"] for each in receiver.invocations] == [{"day": "2026-12-05"}, {}]


def test_a_tool_can_be_used_between_two_lines(project: SandboxProject, api: Api, receiver: Receiver) -> None:
    receiver.answer = answer
    use = {"tool": "reschedule", "arguments": {"day": "2026-12-05"}}
    project.script(says=["Hello?", use, ("agent", "It is done."), "Thanks"])

    call = api.finish(NUMBER, tools=[RESCHEDULE], webhooks={"tool_webhook_url": receiver.tool_url})

    assert said(call) == [
        ("user", "Hello?"),
        ("tool", 'reschedule({"day": "2026-12-05"}): "moved"'),
        ("agent", "Here is what I found: moved."),
        ("agent", "It is done."),
        ("user", "Thanks"),
    ]


def test_a_scripted_tool_that_fails_is_no_success(project: SandboxProject, api: Api, receiver: Receiver) -> None:
    receiver.answer = lambda received: Reply(500)
    project.configure(tool_webhook_url=receiver.tool_url)
    tools = [{"name": "reschedule", "description": "x", "input_schema": {}}]
    project.script(task="now", says=["Hello?", {"tool": "reschedule"}, "Thank you."])
    project.script(task="later", tools=["reschedule"], after=20.0)
    project.script(task="anyway", tools=["reschedule"], summary="All is well")

    assert api.finish(task="Move it now", tools=tools)["summary"] == "Move it now: not settled, as reschedule failed."
    assert (
        api.finish(task="Move it later", tools=tools)["summary"] == "Move it later: not settled, as reschedule failed."
    )
    assert api.finish(task="Move it anyway", tools=tools)["summary"] == "All is well"


def test_the_agent_uses_no_tool_if_the_script_says_so(project: SandboxProject, api: Api, receiver: Receiver) -> None:
    project.script(tools=[])

    api.finish(NUMBER, tools=[RESCHEDULE], webhooks={"tool_webhook_url": receiver.tool_url})

    assert receiver.invocations == []


def test_a_tool_that_the_call_does_not_have_is_not_invoked(
    project: SandboxProject, api: Api, receiver: Receiver
) -> None:
    project.script(tools=["reshedule"])

    call = api.finish(NUMBER, tools=[RESCHEDULE], webhooks={"tool_webhook_url": receiver.tool_url})

    assert ("tool", "reshedule({}) failed: the call has no tool of this name") in said(call)
    assert receiver.invocations == []


@pytest.mark.parametrize(
    ("outcome", "status", "duration"),
    [("answered", "completed", 12), ("broken off", "failed", 12), ("busy", "failed", None)],
)
def test_an_outcome_comes_after_so_many_seconds(
    project: SandboxProject, api: Api, outcome: str, status: str, duration: int | None
) -> None:
    project.script(outcome=outcome, after=12)

    call = api.finish(NUMBER)

    assert (call["status"], call["duration_seconds"]) == (status, duration)


def test_a_script_can_have_a_request_refused(project: SandboxProject, api: Api) -> None:
    project.script(outcome="rate limited", times=1)

    statuses = [api.post(f"{PREFIX}/calls", json={"to": NUMBER, "task": "Test"}).status_code for _ in range(2)]

    assert statuses == [429, 201]


def test_scripts_are_replaced_listed_and_removed(api: Api) -> None:
    replaced = body_of(api.put("/sandbox/scripts", json={"scripts": [{"outcome": "busy"}, {"says": ["Hi"]}]}))
    first, second = replaced["scripts"]
    assert (first["outcome"], second["says"], first["used"]) == ("busy", ["Hi"], 0)
    assert body_of(api.get("/sandbox/scripts")) == replaced

    assert api.delete(f"/sandbox/scripts/{first['id']}").status_code == 200
    assert api.delete(f"/sandbox/scripts/{first['id']}").status_code == 404
    assert body_of(api.get("/sandbox/scripts"))["scripts"] == [second]
    assert body_of(api.delete("/sandbox/scripts")) == {"scripts": []}


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ({"outcome": "bussy"}, "outcome: 'bussy' is not one of"),
        ({"sais": ["Hi"]}, "sais: There is no field 'sais'. Did you mean says?"),
        ({"times": 0}, "times: 0 is less than the minimum"),
        ({"to": "12025550123"}, "to: '12025550123' does not match"),
    ],
)
def test_a_wrong_script_is_refused(project: SandboxProject, script: dict[str, Any], message: str) -> None:
    with pytest.raises(SandboxError) as refused:
        project.request("POST", "/sandbox/scripts", script)
    assert message in str(refused.value)


def test_scripts_are_the_projects_own(sandbox: Sandbox, project: SandboxProject, api_key: str) -> None:
    project.script(outcome="busy")

    with Api(sandbox, f"{api_key}_other") as other:
        assert other.finish(NUMBER)["status"] == "completed"


class TestOwnConversation:
    def test_it_uses_the_day_and_time_of_the_task(self, api: Api) -> None:
        call = api.finish(task="Schedule a meeting on 2026-12-05 at 10:30")

        assert call["summary"].endswith("agreed on 2026-12-05 at 10:30.")
        assert not any("Monday" in text for _, text in said(call))

    @pytest.mark.parametrize(
        ("task", "used"),
        [
            ("Ask about the order, but do not cancel it", []),
            ("Cancel order 1042", ["cancel_order"]),
            ("Check on order 1042", []),
        ],
    )
    def test_it_uses_no_tool_against_the_tasks_words(
        self, api: Api, receiver: Receiver, task: str, used: list[str]
    ) -> None:
        receiver.answer = answer
        tool = {"name": "cancel_order", "description": "Cancels", "input_schema": {"type": "object"}}
        api.post(f"{PREFIX}/tools", json={"tool": tool})

        api.finish(task=task, webhooks={"tool_webhook_url": receiver.tool_url})

        assert [each.json["tool_name"] for each in receiver.invocations] == used

    def test_it_does_not_call_a_failed_tool_a_success(self, api: Api, receiver: Receiver) -> None:
        receiver.answer = lambda received: Reply.of({"error": "out of order"}, 500)
        webhooks = {"tool_webhook_url": receiver.tool_url}

        call = api.finish(task="Reschedule the appointment", tools=[RESCHEDULE], webhooks=webhooks)

        assert call["summary"] == "Reschedule the appointment: not settled, as reschedule failed."
        assert "I have changed it for you" not in str(call["transcript"])
        assert call["status"] == "completed"
