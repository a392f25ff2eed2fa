"""What is sent again and when, seen from outside: what arrives at the proxy, and what is waited for."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from email.utils import formatdate
from threading import Event, Thread
from typing import Any

import httpx
import pytest

from pamela import (
    APIConnectionError,
    APITimeoutError,
    AttemptInfo,
    CallConflictError,
    CallError,
    CallNotFoundError,
    CallServerError,
    ConflictError,
    NotFoundError,
    PamelaClient,
    PamelaError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
    UnexpectedResponseError,
    ValidationError,
)
from pamela.sandbox import Sandbox

from ..clock import FakeClock
from ..http.proxy import Fault, Proxy
from ..http.scripted import Answer, Scripted
from .conftest import Make

CALL = {"id": "call_1", "status": "queued"}
BUSY: Answer = (503, {}, {"detail": "busy"})
LIMITED: Answer = (429, {}, {"detail": {"error_code": 6001, "message": "Slow down.", "details": {"retry_after": 7}}})
GOOD: Answer = (200, {}, CALL)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_read_is_repeated(scripted: Scripted, make: Make, waits: list[float], status: int) -> None:
    scripted.answers = [(status, {}, b""), (status, {}, b"<html>"), GOOD]
    assert make(scripted.base_url).get_call("call_1").id == "call_1"
    assert len(scripted.requests) == 3
    assert len(waits) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 501, 505])
def test_other_errors_are_not_repeated(scripted: Scripted, make: Make, status: int) -> None:
    scripted.answers = [(status, {}, {"detail": "no"})]
    with pytest.raises(PamelaError) as caught:
        make(scripted.base_url).get_call("call_1")
    assert (caught.value.status_code, caught.value.attempts, len(scripted.requests)) == (status, 1, 1)


@pytest.mark.parametrize("status", [408, 500, 503, 524])
def test_creating_is_not_repeated_after_a_server_error(scripted: Scripted, make: Make, status: int) -> None:
    scripted.answers = [(status, {}, b"")]
    with pytest.raises(CallError) as caught:
        make(scripted.base_url).create_call("+1234567890", "Order a pizza")
    assert caught.value.ambiguous
    assert scripted.methods == ["POST /calls"]


def test_creating_is_repeated_after_429(scripted: Scripted, make: Make, waits: list[float]) -> None:
    scripted.answers = [LIMITED, (201, {}, CALL)]
    assert make(scripted.base_url).create_call("+1234567890", "Order a pizza").id == "call_1"
    assert waits == [7]


def test_retry_after_as_a_header_and_as_a_date(scripted: Scripted, make: Make, waits: list[float]) -> None:
    date = formatdate(time.time() + 30, usegmt=True)
    scripted.answers = [(503, {"Retry-After": "1.5"}, b""), (503, {"Retry-After": date}, b""), GOOD]
    make(scripted.base_url).get_call("call_1")
    assert waits[0] == 1.5
    assert 25 < waits[1] <= 30


@pytest.mark.parametrize("header", ["-1", "soon", "nan", "1e999", "Fri, 99 Foo 2026", "²"])
def test_retry_after_that_makes_no_sense(scripted: Scripted, make: Make, waits: list[float], header: str) -> None:
    scripted.answers = [(503, {"Retry-After": header.encode().decode("latin-1")}, b""), GOOD]
    make(scripted.base_url).get_call("call_1")
    assert waits == [0.02 * 0.5]


def test_retry_after_of_hundreds_of_digits(scripted: Scripted, make: Make, waits: list[float]) -> None:
    scripted.answers = [(429, {}, {"message": "Slow down.", "details": {"retry_after": 10**400}}), GOOD]
    assert make(scripted.base_url).get_call("call_1").id == "call_1"


def test_a_longer_retry_after_is_not_waited_for(scripted: Scripted, make: Make, waits: list[float]) -> None:
    scripted.answers = [(429, {"Retry-After": "3600"}, {"detail": "quota"})]
    with pytest.raises(RateLimitError) as caught:
        make(scripted.base_url).get_call("call_1")
    assert caught.value.retry_after == 3600
    assert waits == []


def test_backoff_grows_with_full_jitter(scripted: Scripted, make: Make, clock: FakeClock, waits: list[float]) -> None:
    clock.share = 1
    scripted.answers = [BUSY]
    with pytest.raises(CallError):
        make(scripted.base_url, max_retries=6).get_call("call_1")
    assert waits == [0.5, 1, 2, 4, 8, 8]


def test_the_deadline_leaves_no_time_for_another_attempt(scripted: Scripted, make: Make, waits: list[float]) -> None:
    scripted.answers = [LIMITED]
    with pytest.raises(RateLimitError) as caught:
        make(scripted.base_url, deadline=5).get_call("call_1")
    assert caught.value.attempts == 1
    assert waits == []


def test_the_deadline_ends_a_step_that_began_late(make: Make) -> None:
    """The answer begins after three quarters of the time, and then nothing more comes."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            time.sleep(1.5)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
            connection.recv(4096)
            connection.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        with pytest.raises(APITimeoutError) as caught:
            make(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=2, timeout=None).get_call("call_1")
        thread.join()
    assert caught.value.attempts == 1
    assert caught.value.elapsed < 3, "the answer had the whole time again"


def test_the_deadline_ends_the_writing(make: Make) -> None:
    """A service that reads a little now and then keeps every single step alive."""
    done = Event()

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(ConnectionError):
            while not done.wait(0.05) and connection.recv(65536):
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        client = make(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=1, timeout=None)
        with pytest.raises(APITimeoutError) as caught:
            client.create_call("+1234567890", "Order a pizza", metadata={"text": "x" * 30_000_000})
        done.set()
        thread.join()
    assert caught.value.ambiguous
    assert caught.value.elapsed < 10, "it would take more than 20 s to write all of it"


def test_the_deadline_ends_the_making_of_a_connection(make: Make) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener, contextlib.ExitStack() as queue:
        for _ in range(4):  # The system drops what knocks after these.
            waiting = queue.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        client = make(f"http://127.0.0.1:{listener.getsockname()[1]}", deadline=0.5, timeout=None)
        with pytest.raises(APITimeoutError) as caught:
            client.create_call("+1234567890", "Order a pizza")
    assert not caught.value.sent
    assert not caught.value.ambiguous


def test_options_of_one_call(scripted: Scripted, clock: FakeClock) -> None:
    scripted.answers = [BUSY]
    with PamelaClient("pk_live_...", scripted.base_url, max_retries=5) as client:
        client._clock = clock
        with pytest.raises(CallError) as caught:
            client.with_options(max_retries=1).get_call("call_1")
        assert caught.value.attempts == 2
        with pytest.raises(CallError) as caught:
            client.get_call("call_1")
        assert caught.value.attempts == 6


class TestIdempotencyKeys:
    """A call with a key is placed exactly once, whether the service honours the key or not."""

    def place(self, client: Any) -> Any:
        return client.create_call("+1234567890", "Order a pizza", metadata={"a": 1}, idempotency_key="pizza-1")

    def test_the_key_travels_in_header_and_metadata(self, scripted: Scripted, make: Make) -> None:
        scripted.answers = [(201, {}, CALL)]
        self.place(make(scripted.base_url))
        _, _, headers, body = scripted.requests[0]
        assert headers["Idempotency-Key"] == "pizza-1"
        assert body["metadata"] == {"a": 1, "idempotency_key": "pizza-1"}

    def test_found_after_a_lost_answer(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        found = {**CALL, "metadata": {"idempotency_key": "pizza-1"}}
        others = [{"id": "call_0", "to": "+1987654321"}, {"id": "call_2", "metadata": {"idempotency_key": "pizza-2"}}]
        first = {"items": others, "has_more": True, "next_offset": 2}
        scripted.answers = [BUSY, (200, {}, first), (200, {}, {"items": [found], "has_more": False})]
        assert self.place(make(scripted.base_url)) == found
        assert scripted.methods == ["POST /calls", "GET /calls", "GET /calls"]
        assert "start_date=" in scripted.requests[1][1]

    def test_sent_again_when_shown_not_to_exist(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        empty: Answer = (200, {}, {"items": [], "has_more": False})
        scripted.answers = [BUSY, empty, (201, {}, CALL)]
        assert self.place(make(scripted.base_url)).id == "call_1"
        assert scripted.methods == ["POST /calls", "GET /calls", "POST /calls"]

    @pytest.mark.parametrize(
        "page",
        [
            {},
            {"items": None},
            {"detail": "maintenance"},
            {"items": ["call_1"]},
            {"items": [{"status": "queued"}]},
            {"items": [], "total": 1},
            {"items": [{"id": "call_0", "metadata": {}}], "total": 3, "offset": 1, "has_more": False},
        ],
    )
    def test_not_sent_again_when_the_list_shows_nothing(
        self, scripted: Scripted, make: Make, waits: list[float], page: dict[str, Any]
    ) -> None:
        scripted.answers = [BUSY, (200, {}, page)]
        with pytest.raises(CallError) as caught:
            self.place(make(scripted.base_url))
        assert caught.value.ambiguous
        assert scripted.methods.count("POST /calls") == 1

    def test_found_where_the_list_leaves_the_metadata_out(
        self, scripted: Scripted, make: Make, waits: list[float]
    ) -> None:
        found = {**CALL, "metadata": {"idempotency_key": "pizza-1"}}
        scripted.answers = [BUSY, (200, {}, {"items": [{"id": "call_0"}, CALL]}), (200, {}, {"id": "call_0"})]
        scripted.answers.append((200, {}, found))
        assert self.place(make(scripted.base_url)) == found
        assert scripted.methods == ["POST /calls", "GET /calls", "GET /calls/call_0", "GET /calls/call_1"]

    def test_a_look_after_any_ambiguous_answer(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        found = {**CALL, "metadata": {"idempotency_key": "pizza-1"}}
        scripted.answers = [(524, {}, b"<html>"), (200, {}, {"items": [found]})]
        assert self.place(make(scripted.base_url)) == found

    def test_ambiguous_to_the_end(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        """What a look does not show may still be on its way, whatever the service says to the next attempt."""
        scripted.answers = [BUSY, (200, {}, {"items": []}), LIMITED]
        with pytest.raises(RateLimitError) as caught:
            self.place(make(scripted.base_url))
        assert caught.value.ambiguous
        assert scripted.methods == ["POST /calls", "GET /calls", "POST /calls", "POST /calls"]

    def test_closed_before_the_next_attempt(self, scripted: Scripted, waits: list[float]) -> None:
        scripted.answers = [(201, {"Idempotency-Key": "pizza-1"}, CALL), BUSY]

        def close_when_busy(attempt: AttemptInfo) -> None:
            if attempt.status_code == 503:
                client.close()

        client = PamelaClient("pk_live_...", scripted.base_url, on_response=close_when_busy)
        client._clock = FakeClock(is_instant=True)
        self.place(client)
        with pytest.raises(PamelaError, match="The client is closed") as caught:
            self.place(client)
        assert (caught.value.ambiguous, caught.value.attempts) == (True, 1)

    def test_not_sent_again_when_the_look_fails(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        scripted.answers = [BUSY, (401, {}, {"detail": "no"})]
        with pytest.raises(CallError) as caught:
            self.place(make(scripted.base_url))
        assert caught.value.status_code == 503
        assert caught.value.ambiguous
        assert scripted.methods == ["POST /calls", "GET /calls"]

    def test_no_look_where_the_key_is_honoured(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        echo = {"Idempotency-Key": "pizza-1"}
        scripted.answers = [(201, echo, CALL), BUSY, (200, echo, CALL)]
        client = make(scripted.base_url)
        assert self.place(client).id == self.place(client).id == "call_1"
        assert scripted.methods == ["POST /calls"] * 3

    def test_a_look_where_only_an_error_page_gives_the_key_back(
        self, scripted: Scripted, make: Make, waits: list[float]
    ) -> None:
        scripted.answers = [(502, {"Idempotency-Key": "pizza-1"}, b"<html>"), (200, {}, {"items": []}), (201, {}, CALL)]
        assert self.place(make(scripted.base_url)).id == "call_1"
        assert scripted.methods == ["POST /calls", "GET /calls", "POST /calls"]

    def test_a_look_where_only_a_page_that_is_no_call_gives_the_key_back(
        self, scripted: Scripted, make: Make, waits: list[float]
    ) -> None:
        scripted.answers = [(200, {"Idempotency-Key": "pizza-1"}, b"<html>"), (200, {}, {"items": []}), (201, {}, CALL)]
        assert self.place(make(scripted.base_url)).id == "call_1"
        assert scripted.methods == ["POST /calls", "GET /calls", "POST /calls"]

    def test_the_cause_where_the_look_fails(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        scripted.answers = [(200, {"Content-Encoding": "gzip"}, b"no"), (200, {}, {"items": None})]
        with pytest.raises(APIConnectionError) as caught:
            self.place(make(scripted.base_url))
        assert caught.value.ambiguous
        assert isinstance(caught.value.__cause__, httpx.DecodingError)

    def test_a_last_look_after_the_last_attempt(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        empty: Answer = (200, {}, {"items": []})
        found = {**CALL, "metadata": {"idempotency_key": "pizza-1"}}
        scripted.answers = [BUSY, empty, BUSY, (200, {}, {"items": [found]})]
        assert self.place(make(scripted.base_url, max_retries=1)) == found

    def test_a_tool_is_registered_again_only_where_keys_are_honoured(
        self, scripted: Scripted, make: Make, waits: list[float]
    ) -> None:
        scripted.answers = [BUSY]
        with pytest.raises(PamelaError) as caught:
            make(scripted.base_url).register_tool("a", "b", {}, idempotency_key="tool-1")
        assert caught.value.ambiguous
        assert scripted.methods == ["POST /tools"]
        registered: Answer = (201, {"Idempotency-Key": "tool-1"}, {"tool_id": "tool_1"})
        scripted.answers = [registered, BUSY, registered]
        scripted.requests.clear()
        client = make(scripted.base_url)
        client.register_tool("a", "b", {}, idempotency_key="tool-1")
        assert client.register_tool("a", "b", {}, idempotency_key="tool-1").tool_id == "tool_1"
        assert scripted.methods == ["POST /tools"] * 3

    def test_another_key_in_the_metadata(self, make: Make) -> None:
        with pytest.raises(ValidationError, match="'pizza-2' differs from idempotency_key='pizza-1'"):
            make("http://127.0.0.1:1").create_call(
                "+1234567890", "t", metadata={"idempotency_key": "pizza-2"}, idempotency_key="pizza-1"
            )


class TestWhatTheUserWants:
    """An action whose answer was lost has done what was wanted, although its repeat is refused."""

    CONFLICT: Answer = (409, {}, {"detail": "The call has ended."})

    @pytest.mark.parametrize("action", ["cancel_call", "hangup_call"])
    def test_ended_by_the_attempt_before(self, scripted: Scripted, make: Make, waits: list[float], action: str) -> None:
        ended = {"id": "call_1", "status": "cancelled"}
        scripted.answers = [BUSY, self.CONFLICT, (200, {}, ended)]
        assert getattr(make(scripted.base_url), action)("call_1") == ended

    def test_not_ended_after_all(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        scripted.answers = [BUSY, self.CONFLICT, (200, {}, {"id": "call_1", "status": "in_progress"})]
        with pytest.raises(CallError, match=r"The call has ended\."):
            make(scripted.base_url).cancel_call("call_1")

    def test_the_look_fails(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        scripted.answers = [BUSY, self.CONFLICT, (404, {}, {"detail": "gone"})]
        with pytest.raises(CallError, match=r"The call has ended\."):
            make(scripted.base_url).cancel_call("call_1")

    def test_a_conflict_at_the_first_attempt_is_one(self, scripted: Scripted, make: Make) -> None:
        scripted.answers = [self.CONFLICT]
        with pytest.raises(CallError):
            make(scripted.base_url).cancel_call("call_1")
        assert len(scripted.requests) == 1

    def test_answers_without_a_body(self, scripted: Scripted, make: Make) -> None:
        ended = {"id": "call_1", "status": "cancelled"}
        scripted.answers = [(204, {}, b""), (200, {}, ended), (204, {}, b""), (200, {}, ended), (204, {}, b"")]
        client = make(scripted.base_url)
        assert client.cancel_call("call_1") == ended
        assert client.hangup_call("call_1") == ended
        deletion = client.delete_tool("tool/1")
        assert (deletion.success, deletion.tool_id) == (True, "tool/1")

    def test_deleted_by_the_attempt_before(self, scripted: Scripted, make: Make, waits: list[float]) -> None:
        scripted.answers = [BUSY, (404, {}, {"detail": "Tool tool/1 not found."})]
        deletion = make(scripted.base_url).delete_tool("tool/1")
        assert (deletion.success, deletion.tool_id) == (True, "tool/1")


def test_what_reached_the_service_before_counts(make: Make) -> None:
    """The first attempt arrives and its answer is lost; then nobody listens any more."""

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        listener.close()
        with connection:
            connection.recv(65536)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        thread = Thread(target=serve, args=(listener,))
        thread.start()
        with pytest.raises(APIConnectionError) as caught:
            make(base_url).cancel_call("call_1")
        thread.join()
    assert caught.value.attempts == 3
    assert caught.value.sent
    assert "Nothing was sent" not in str(caught.value)


def test_the_advice_stands_beside_the_words_of_the_service(scripted: Scripted, make: Make) -> None:
    scripted.answers = [BUSY]
    with pytest.raises(CallError) as caught:
        make(scripted.base_url).create_call("+1234567890", "Order a pizza")
    assert str(caught.value) == "busy"
    assert "check before you try again" in caught.value.__notes__[0]


def test_elapsed_is_all_the_time(scripted: Scripted, make: Make, clock: FakeClock) -> None:
    clock.share = 0.4
    scripted.answers = [BUSY, (401, {}, {"detail": "no"})]
    with pytest.raises(CallError) as caught:
        make(scripted.base_url).create_call("+1234567890", "Order a pizza", idempotency_key="pizza-1")
    assert caught.value.attempts == 1
    assert caught.value.elapsed >= 0.2


def test_hooks_see_every_attempt(scripted: Scripted, make: Make, waits: list[float]) -> None:
    before: list[tuple[int, int | None]] = []
    after: list[tuple[int, int | None, str | None]] = []

    def on_request(attempt: AttemptInfo) -> None:
        before.append((attempt.attempt, attempt.status_code))

    def on_response(attempt: AttemptInfo) -> None:
        after.append((attempt.attempt, attempt.status_code, attempt.request_id))

    scripted.answers = [BUSY, (200, {"X-Request-Id": "req_1"}, CALL)]
    make(scripted.base_url, on_request=on_request, on_response=on_response).get_call("call_1")
    assert before == [(1, None), (2, None)]
    assert after == [(1, 503, None), (2, 200, "req_1")]


async def test_hooks_of_the_async_client_are_awaited(sandbox: Sandbox, async_client: Any) -> None:
    seen: list[str] = []

    async def hook(attempt: AttemptInfo) -> None:
        seen.append(f"{attempt.operation} {attempt.problem}")

    await async_client.with_options(on_request=hook, on_response=hook).list_tools()
    assert seen == ["list_tools None", "list_tools None"]


def test_the_key_does_not_follow_a_redirect(scripted: Scripted, proxy: Proxy, make: Make) -> None:
    scripted.answers = [GOOD]
    proxy.redirect_to = scripted.base_url
    proxy.faults.append(Fault.REDIRECT)
    with pytest.raises(UnexpectedResponseError, match=scripted.base_url) as caught:
        make(proxy.base_url).get_call("call_1")
    assert caught.value.status_code == 307
    assert scripted.requests == []


def test_timeouts_say_so(proxy: Proxy, make: Make) -> None:
    proxy.chance = lambda: Fault.SILENCE
    with pytest.raises(APITimeoutError, match="did not come in time") as caught:
        make(proxy.base_url, timeout=0.1, max_retries=0).get_call("call_1")
    assert caught.value.sent


def test_a_connection_that_was_never_made(make: Make) -> None:
    with pytest.raises(APIConnectionError, match="Nothing was sent") as caught:
        make("http://127.0.0.1:1", max_retries=0).create_call("+1234567890", "Order a pizza")
    assert not caught.value.sent
    assert not caught.value.ambiguous


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b'"text"', b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": 1}garbage', b"<html>"]
)
def test_answers_that_the_api_does_not_send(scripted: Scripted, make: Make, waits: list[float], content: bytes) -> None:
    scripted.answers = [(200, {"X-Request-Id": "req_1"}, content)]
    with pytest.raises(UnexpectedResponseError, match="is not what the API sends") as caught:
        make(scripted.base_url).get_call("call_1")
    assert caught.value.request_id == "req_1"


Refusal = Callable[[], Answer]


@pytest.mark.parametrize(
    ("body", "message", "code", "details"),
    [
        ({"detail": {"error_code": 7003, "message": "No.", "details": {"a": 1}}}, "No.", 7003, {"a": 1}),
        ({"detail": {"error": {"code": 7003, "message": "No.", "details": {"a": 1}}}}, "No.", 7003, {"a": 1}),
        ({"error_code": 7003, "message": "No.", "details": None}, "No.", 7003, {}),
        ({"error": {"code": "7003", "message": "No.", "details": [1]}}, "No.", 7003, [1]),
        ({"detail": "Not Found"}, "Not Found", None, {}),
        ({"detail": ""}, "HTTP 418", None, {}),
        ({"detail": None}, "HTTP 418", None, {}),
        ({"detail": []}, "HTTP 418", None, {"errors": []}),
        ({"detail": {"error": "No."}}, "No.", None, {}),
        ({"error": "No.", "error_code": 7003}, "No.", 7003, {}),
        ({"message": "No.", "error_code": "1" * 5000}, "No.", "1" * 5000, {}),
        ({"message": "No.", "error_code": -1, "details": "all"}, "No.", -1, "all"),
        ({"message": "No.", "error_code": True}, "No.", None, {}),
        ({"detail": {"error_code": "E7", "message": 5}}, "HTTP 418", "E7", {}),
        ([1], "1", None, {"errors": [1]}),
        ("no", "no", None, {}),
        (5, "HTTP 418", None, {}),
        (b"<html> <p>Oh\nno", "HTTP 418: '<html> <p>Oh no'", None, {}),
        (b"x" * 999, f"HTTP 418: '{'x' * 120}...'", None, {}),
        (b"", "HTTP 418: an empty body", None, {}),
        (
            {"detail": [{"loc": ["body", "to"], "msg": "is wrong", "type": "t"}, {"msg": "bad"}, {"loc": 5}, "odd"]},
            "to: is wrong; bad; is not valid; odd",
            None,
            {"errors": [{"loc": ["body", "to"], "msg": "is wrong", "type": "t"}, {"msg": "bad"}, {"loc": 5}, "odd"]},
        ),
    ],
)
def test_every_shape_of_an_error(
    scripted: Scripted, make: Make, body: Any, message: str, code: int | None, details: dict[str, Any]
) -> None:
    scripted.answers = [(418, {"X-Request-Id": "req_1"}, body)]
    with pytest.raises(CallError) as caught:
        make(scripted.base_url).get_call("call_1")
    error = caught.value
    assert (str(error), error.error_code, error.details, error.status_code) == (message, code, details, 418)
    assert error.request_id == "req_1"


@pytest.mark.parametrize(
    ("method", "body", "path"),
    [
        ("list_calls", {"detail": "Not Found"}, "/calls"),
        ("list_calls", {"detail": "no such page"}, "/calls"),
        ("list_calls", b"<html>nginx</html>", "/calls"),
        ("get_call", {"detail": "Not Found"}, "/calls/call_1"),
        ("get_call", b"", "/calls/call_1"),
    ],
)
def test_a_path_that_is_not_there(scripted: Scripted, make: Make, method: str, body: Any, path: str) -> None:
    scripted.answers = [(404, {}, body)]
    arguments = ["call_1"] if method == "get_call" else []
    with pytest.raises(CallNotFoundError, match=r"was not found .*Is base_url right\?") as caught:
        getattr(make(f"{scripted.base_url}/v2"), method)(*arguments)
    assert f"GET {scripted.base_url}/v2/api/b2b/v1{path}" in str(caught.value)


def test_a_call_that_is_not_there_is_no_wrong_path(scripted: Scripted, make: Make) -> None:
    scripted.answers = [(404, {}, {"detail": {"error_code": 7003, "message": "Call call_1 not found."}})]
    with pytest.raises(CallNotFoundError, match=r"^Call call_1 not found\.$"):
        make(scripted.base_url).get_call("call_1")


@pytest.mark.parametrize(
    ("status", "body", "kinds"),
    [
        (404, {"error_code": 7003, "message": "no"}, (CallNotFoundError, CallError, NotFoundError)),
        (409, {"detail": "no"}, (CallConflictError, CallError, ConflictError)),
        (409, {"error_code": 7004, "message": "no"}, (CallError,)),
        (500, {"detail": "no"}, (CallServerError, CallError, ServerError)),
        (429, {"error_code": 6001, "message": "no"}, (RateLimitError,)),
        (429, {"error_code": 6002, "message": "no"}, (QuotaExceededError, RateLimitError)),
        (418, {"detail": "no"}, (CallError,)),
    ],
)
def test_classes_of_errors(
    scripted: Scripted, make: Make, status: int, body: Any, kinds: tuple[type[PamelaError], ...]
) -> None:
    scripted.answers = [(status, {}, body)]
    with pytest.raises(PamelaError) as caught:
        make(scripted.base_url, max_retries=0).get_call("call_1")
    assert type(caught.value) is kinds[0]
    assert all(isinstance(caught.value, kind) for kind in kinds)
    assert isinstance(caught.value, ConflictError) == (ConflictError in kinds)


@pytest.mark.parametrize("status", [300, 301, 302, 303])
def test_a_redirect_after_an_action_is_ambiguous(scripted: Scripted, make: Make, status: int) -> None:
    scripted.answers = [(status, {"Location": "/done"}, b"")]
    with pytest.raises(UnexpectedResponseError) as caught:
        make(scripted.base_url).create_call("+1234567890", "Order a pizza")
    assert caught.value.ambiguous
    assert scripted.methods == ["POST /calls"]


def test_a_redirect_with_a_key_is_looked_up_and_not_repeated(
    scripted: Scripted, make: Make, waits: list[float]
) -> None:
    scripted.answers = [(303, {"Location": "/done"}, b""), (200, {}, {"items": []})]
    with pytest.raises(UnexpectedResponseError) as caught:
        make(scripted.base_url).create_call("+1234567890", "Order a pizza", idempotency_key="pizza-1")
    assert caught.value.ambiguous
    assert scripted.methods == ["POST /calls", "GET /calls"]
