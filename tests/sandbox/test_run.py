"""`pamela.sandbox.run()`: a sandbox beside a program."""

import asyncio
import math
import os
import re
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest

import pamela.sandbox
from pamela.sandbox import DatabaseError, Sandbox
from pamela.sandbox.specification import load_specification

from .api import PREFIX, Api, body_of
from .receiver import Receiver, Reply
from .waiting import until


def total(api: Api) -> int:
    count: int = body_of(api.get(f"{PREFIX}/calls"))["total"]
    return count


def test_it_runs_as_long_as_its_block() -> None:
    with pamela.sandbox.run() as sandbox, Api(sandbox, sandbox.api_key) as api:
        assert api.finish()["status"] == "completed"

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{sandbox.base_url}/sandbox")


async def test_it_runs_beside_an_event_loop() -> None:
    with pamela.sandbox.run() as sandbox:
        async with httpx.AsyncClient(base_url=sandbox.base_url) as client:
            answers = await asyncio.gather(*(client.get("/sandbox") for _ in range(10)))

    assert {answer.status_code for answer in answers} == {200}


def test_many_run_at_once() -> None:
    with ExitStack() as stack:
        sandboxes = [stack.enter_context(pamela.sandbox.run()) for _ in range(5)]
        apis = [stack.enter_context(Api(sandbox, sandbox.api_key)) for sandbox in sandboxes]
        apis[0].create()

        assert [total(api) for api in apis] == [1, 0, 0, 0, 0]


def test_an_exception_in_the_block_comes_out() -> None:
    with pytest.raises(ZeroDivisionError), pamela.sandbox.run():
        _ = 1 / 0


def test_it_does_not_show_its_secret() -> None:
    with pamela.sandbox.run(webhook_secret="whsec_mine") as sandbox:
        assert sandbox.webhook_secret == "whsec_mine"
        assert repr(sandbox) == f"Sandbox(base_url='{sandbox.base_url}')"


def test_reset_forgets_everything_of_everybody(receiver: Receiver) -> None:
    with (
        pamela.sandbox.run() as sandbox,
        Api(sandbox, "pk_live_one") as one,
        Api(sandbox, "pk_live_two") as two,
    ):
        one.create()
        two.put("/sandbox/project", json={"webhook_url": receiver.url})
        two.create()

        sandbox.reset()

        assert total(one) == total(two) == 0
        assert two.deliveries() == []
        assert body_of(two.get("/sandbox/project"))["webhook_url"] is None


def test_a_project_can_reset_itself(sandbox: Sandbox, api: Api, api_key: str) -> None:
    with Api(sandbox, f"{api_key}_other") as other:
        headers = {"Idempotency-Key": "once"}
        body = {"to": "+15005550022", "task": "Test call"}
        assert api.post(f"{PREFIX}/calls", json=body).status_code == 429
        assert other.post(f"{PREFIX}/calls", json=body).status_code == 429
        first = api.post(f"{PREFIX}/calls", json={**body, "to": "+1234567890"}, headers=headers)
        other.create()

        assert body_of(api.post("/sandbox/reset")) == {"success": True}

        assert (total(api), total(other)) == (0, 1)
        again = api.post(f"{PREFIX}/calls", json={**body, "to": "+1234567890"}, headers=headers)
        assert (first.status_code, again.status_code) == (201, 201)
        assert api.post(f"{PREFIX}/calls", json=body).status_code == 429
        assert other.post(f"{PREFIX}/calls", json=body).status_code == 201


@pytest.mark.parametrize("misbehaviour", [{}, {"duplicate": 1}])
def test_a_reset_while_something_is_on_its_way_does_no_harm(
    api: Api, receiver: Receiver, misbehaviour: dict[str, int]
) -> None:
    release = threading.Event()

    def answer(received: object) -> Reply:
        release.wait(10)
        return Reply.of({"result": "done"})

    receiver.answer = answer
    api.put("/sandbox/faults", json=misbehaviour)
    tool = {"name": "look_up", "description": "Looks up", "input_schema": {}}
    api.create(tools=[tool], webhooks={"tool_webhook_url": receiver.tool_url})
    until(lambda: len(receiver.invocations) == 1 + len(misbehaviour))

    api.post("/sandbox/reset")
    release.set()

    assert api.finish()["status"] == "completed"
    assert api.deliveries() == []


@pytest.mark.parametrize("path", ["{}", "no/such/directory/pamela.db"])
def test_a_database_that_cannot_be_used_is_said_at_once(tmp_path: Path, path: str) -> None:
    with pytest.raises(DatabaseError, match="cannot be used"), pamela.sandbox.run(database=tmp_path / path.format("")):
        pytest.fail("it runs")


@pytest.mark.parametrize("seconds", [0.0, -1.0, math.inf, math.nan, 1e300])
def test_an_event_timeout_that_cannot_be_is_said_at_once(seconds: float) -> None:
    wrong = f"The event timeout is {seconds}; it must be a number of seconds above 0, at most 3600."

    with pytest.raises(ValueError, match=re.escape(wrong)), pamela.sandbox.run(event_timeout=seconds):
        pytest.fail("it runs")


def test_a_wrong_option_is_said_at_once() -> None:
    with pytest.raises(ValueError, match=r"The speed is -1"), pamela.sandbox.run(speed=-1):
        pytest.fail("it runs")


def test_a_port_that_is_taken_is_said_at_once(sandbox: Sandbox) -> None:
    port = int(sandbox.base_url.rpartition(":")[2])
    with pytest.raises(OSError, match="in use"), pamela.sandbox.run(port=port):
        pytest.fail("it runs")


def break_down(monkeypatch: pytest.MonkeyPatch, database: Path) -> None:
    """Runs a sandbox that comes to a fault."""

    def fail(*_: object) -> None:
        raise RuntimeError("out of order")

    with (
        pamela.sandbox.run(database=database) as sandbox,
        Api(sandbox, sandbox.api_key) as api,
        suppress(httpx.HTTPError),
    ):
        monkeypatch.setattr(sandbox._server.service.calls, "due", fail)
        api.create()


def test_a_fault_of_its_own_comes_out_at_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup) as raised:
        break_down(monkeypatch, tmp_path / "pamela.db")

    assert "out of order" in repr(raised.value)


def test_a_fault_of_its_own_leaves_the_database_to_the_next(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ExceptionGroup):
        break_down(monkeypatch, tmp_path / "pamela.db")

    with pamela.sandbox.run(database=tmp_path / "pamela.db") as sandbox, Api(sandbox, sandbox.api_key) as api:
        assert total(api) == 1


def test_a_fault_in_an_operation_is_answered(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr("pamela.sandbox.calls.Calls.page", fail)

    response = api.get(f"{PREFIX}/calls")

    assert (response.status_code, body_of(response)) == (500, {"detail": "Internal Server Error"})
    until(lambda: "out of order" in caplog.text)


def test_an_operation_that_is_only_in_the_contract_yet_is_not_implemented(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("pamela.sandbox.api.Api.list_tools")

    response = api.get(f"{PREFIX}/tools")

    assert response.status_code == 501
    assert body_of(response) == {"detail": "The sandbox does not have the operation list_tools yet."}


def test_it_serves_its_contract(sandbox: Sandbox) -> None:
    as_yaml = httpx.get(f"{sandbox.base_url}/openapi.yaml")
    as_json = httpx.get(f"{sandbox.base_url}/openapi.json")

    assert as_yaml.content == load_specification().source
    assert as_yaml.headers["Content-Type"].startswith("application/yaml")
    assert as_json.json() == load_specification().document


def test_it_serves_the_reference_if_it_has_it(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "reference.html"
    monkeypatch.setattr("pamela.sandbox.app._REFERENCE", page)
    assert httpx.get(f"{sandbox.base_url}/reference").status_code == 404

    page.write_text("<h1>Pamela</h1><script>1</script>")

    answer = httpx.get(f"{sandbox.base_url}/reference")
    assert (answer.text, answer.headers["Content-Type"]) == (page.read_text(), "text/html; charset=utf-8")
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s=';" in policy
    assert "connect-src 'self';" in policy


def test_a_forked_process_leaves_the_block(tmp_path: Path) -> None:
    program = """
import os, pamela.sandbox
with pamela.sandbox.run():
    pid = os.fork()
if pid:
    print(os.waitpid(pid, 0)[1])
else:
    os._exit(7)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)

    assert os.waitstatus_to_exitcode(int(ended.stdout)) == 7


def test_it_stops_quietly_while_events_wait_for_a_receiver_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=512) as hangs,
        pamela.sandbox.run(speed=1000) as sandbox,
        Api(sandbox, sandbox.api_key) as api,
    ):
        for _ in range(130):
            api.create(webhooks={"webhook_url": f"http://127.0.0.1:{hangs.getsockname()[1]}"})
        until(lambda: body_of(api.get("/sandbox/deliveries", params={"status": "sending"}))["total"] == 100)

    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


def test_it_describes_itself(sandbox: Sandbox) -> None:
    described = httpx.get(f"{sandbox.base_url}/sandbox").json()

    assert described["numbers"]["+15005550002"] == "busy"


def test_a_name_of_version_2_0_still_works() -> None:
    assert pamela.sandbox.Options is pamela.sandbox.SandboxOptions


def test_the_package_offers_no_more_than_it_says() -> None:
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        pamela.sandbox.walk  # noqa: B018
