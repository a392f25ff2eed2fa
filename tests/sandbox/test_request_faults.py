"""Requests that fail because somebody asked for it."""

import socket
from typing import Any

import httpx
import pytest

from pamela.sandbox import Sandbox, SandboxError, SandboxProject

from .api import PREFIX, Api, body_of

CALLS = f"{PREFIX}/calls"
CALL = {"to": "+1234567890", "task": "Test call"}


@pytest.fixture
def project(sandbox: Sandbox, api_key: str) -> SandboxProject:
    return sandbox.project(api_key)


def total(api: Api) -> int:
    count: int = body_of(api.get(CALLS))["total"]
    return count


def test_the_next_request_is_answered_with_a_status(project: SandboxProject, api: Api) -> None:
    project.fail_next(429, retry_after=2, count=2)

    answers = [api.post(CALLS, json=CALL) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 201]
    assert answers[0].headers["Retry-After"] == "2"
    assert total(api) == 1


def test_it_is_a_503_unless_something_else_is_asked_for(project: SandboxProject, api: Api) -> None:
    project.fail_next()

    assert api.get(CALLS).status_code == 503


def test_a_fault_can_wait_for_its_operation(project: SandboxProject, api: Api) -> None:
    project.fail_next(500, operation="create_call")

    assert [api.get(CALLS).status_code, api.post(CALLS, json=CALL).status_code] == [200, 500]


@pytest.mark.parametrize(("fault", "placed"), [("lost_answer", 1), ("cut_answer", 1), ("reset", 0)])
def test_a_connection_fails_before_or_after_the_request_is_carried_out(
    project: SandboxProject, api: Api, fault: str, placed: int
) -> None:
    project.fail_next(fault=fault, operation="create_call")

    with pytest.raises(httpx.TransportError):
        api.post(CALLS, json=CALL)

    assert total(api) == placed
    assert api.post(CALLS, json=CALL).status_code == 201


def test_a_reset_is_one(sandbox: Sandbox, project: SandboxProject, api_key: str) -> None:
    project.fail_next(fault="reset")
    host, port = sandbox.base_url.removeprefix("http://").split(":")
    request = f"GET {CALLS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {api_key}\r\n\r\n"

    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(request.encode())
        with pytest.raises(ConnectionResetError):
            connection.recv(1000)


def test_a_slow_answer_comes_whole(sandbox: Sandbox, project: SandboxProject, api_key: str) -> None:
    project.fail_next(fault="slow_answer")
    headers = {"Authorization": f"Bearer {api_key}"}
    with httpx.stream("GET", f"{sandbox.base_url}{CALLS}", headers=headers, timeout=30) as response:
        pieces = [*response.iter_raw()]

    assert len(pieces) > 10
    assert b"".join(pieces).startswith(b'{"items"')


def test_faults_come_by_chance(project: SandboxProject, api: Api) -> None:
    project.inject_faults(unavailable=0.5, seed=3)
    first = [api.get(CALLS).status_code for _ in range(40)]
    project.inject_faults()

    assert {200, 503} == set(first)
    assert {api.get(CALLS).status_code for _ in range(20)} == {200}


def test_planned_faults_are_forgotten(project: SandboxProject, api: Api) -> None:
    project.fail_next(count=5)
    api.delete("/sandbox/faults/next")

    assert api.get(CALLS).status_code == 200


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"operation": "create_cal"}, "There is no operation 'create_cal'; the operations are create_call"),
        ({"status": 200}, "200 is less than the minimum"),
        ({"status": 503, "fault": "reset"}, "either a status or a fault"),
        ({"fault": "explode"}, "'explode' is not one of"),
    ],
)
def test_a_wrong_fault_is_refused(project: SandboxProject, fault: dict[str, Any], message: str) -> None:
    with pytest.raises(SandboxError) as refused:
        project.fail_next(**fault)
    assert message in str(refused.value)


def test_a_fault_of_an_unknown_name_is_refused(project: SandboxProject) -> None:
    with pytest.raises(SandboxError, match="Did you mean duplicate"):
        project.inject_faults(dupliccate=1)
