"""The look-up of a lost call, against services that ignore idempotency keys and show their calls in every odd way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pamela import CallError, CallLookupError, PamelaClient, ValidationError

from ..clock import FakeClock
from ..http.conftest import Make

TO, TASK, KEY = "+1234567890", "Order a pizza", "pizza-1"
MOST_REQUESTS = 25

Row = dict[str, Any]
Page = Callable[["Service", list[Row], int, int], Row]


class Service:
    """A service that places calls, ignores keys, and loses the response to the first request.

    Attributes:
        calls: What was placed, oldest first.
        acts: Whether the first request places its call before its response is lost.
        page: Writes a page of the list.
        whole: Writes a call when it is fetched by itself.
        ahead: How far the clock goes ahead of ours.
        has_date: Whether responses have a `Date`.
        before_page: What happens before a page of the list is written.
    """

    def __init__(self) -> None:
        self.calls: list[Row] = []
        self.acts = True
        self.page: Page = paged
        self.whole: Callable[[Row], Row] = dict
        self.ahead = timedelta()
        self.has_date = True
        self.before_page: Callable[[], None] = lambda: None
        self.changes: dict[str, str] = {}
        self.requests: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.requests.append("POST")
                is_first = service.requests.count("POST") == 1
                call = service.place(**body) if service.acts or not is_first else {}
                self.send(503, {"detail": "busy"}) if is_first else self.send(201, call)

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                service.requests.append(f"GET {parts.path.removeprefix('/api/b2b/v1')}")
                found = re.fullmatch(r".*/calls/(.+)", parts.path)
                if found:
                    self.send(200, service.whole(next(call for call in service.calls if call["id"] == found[1])))
                    return
                asked = parse_qs(parts.query)
                service.before_page()
                start = datetime.fromisoformat(asked["start_date"][0]) if "start_date" in asked else None
                end = datetime.fromisoformat(asked["end_date"][0]) if "end_date" in asked else None
                rows = [call for call in service.calls if start is None or service.created_at(call) >= start]
                rows = [call for call in rows if end is None or service.created_at(call) < end]
                limit, offset = int(asked.get("limit", ["50"])[0]), int(asked.get("offset", ["0"])[0])
                self.send(200, service.page(service, rows[::-1], limit, offset))

            def send(self, status: int, body: Any) -> None:
                raw = json.dumps(body).encode()
                self.send_response_only(status)
                if service.has_date:
                    self.send_header("Date", format_datetime(datetime.now(UTC) + service.ahead, usegmt=True))
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self.server.server_port}"
        Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def place(self, **body: Any) -> Row:
        now = datetime.now(UTC) + self.ahead
        call = {"id": f"call_{len(self.calls)}", "status": "queued", "created_at": now.isoformat(), **body}
        self.calls.append(call)
        return call

    def place_others(self, count: int, **body: Any) -> None:
        for number in range(count):
            self.place(**{"to": f"+1555{number:07}", "task": f"Call {number}", **body})

    @staticmethod
    def created_at(call: Row) -> datetime:
        return datetime.fromisoformat(call["created_at"])


def paged(_: Service, rows: list[Row], limit: int, offset: int) -> Row:
    items = rows[offset : offset + limit]
    has_more = offset + len(items) < len(rows)
    following = offset + len(items) if has_more else None
    return {
        "items": items,
        "total": len(rows),
        "limit": limit,
        "offset": offset,
        "has_more": has_more,
        "next_offset": following,
    }


def showing(change: Callable[[Row], Row], page: Page = paged) -> Page:
    """A page whose calls are shown in another way."""

    def changed(service: Service, rows: list[Row], limit: int, offset: int) -> Row:
        whole = page(service, rows, limit, offset)
        return {**whole, "items": [change(row) for row in whole["items"]]}

    return changed


def without(*names: str) -> Callable[[Row], Row]:
    return lambda row: {name: value for name, value in row.items() if name not in names}


def bare(_: Service, rows: list[Row], limit: int, offset: int) -> Row:
    return {"items": rows[offset : offset + limit]}


def capped(_: Service, rows: list[Row], limit: int, offset: int) -> Row:
    return {"items": rows[offset : offset + min(limit, 50)]}


def own_length_as_total(_: Service, rows: list[Row], limit: int, offset: int) -> Row:
    items = rows[offset : offset + min(limit, 50)]
    return {"items": items, "total": len(items), "limit": limit, "offset": offset, "has_more": False}


def deaf_to_offset(_: Service, rows: list[Row], limit: int, _offset: int) -> Row:
    return {"items": rows[: min(limit, 50)], "has_more": False}


def oldest_first(service: Service, rows: list[Row], limit: int, offset: int) -> Row:
    return paged(service, rows[::-1], limit, offset)


PAGES: dict[str, Page] = {
    "as documented": paged,
    "oldest first": oldest_first,
    "without paging fields": bare,
    "the limit capped in silence": capped,
    "its own length as total": own_length_as_total,
    "the same page again and again": deaf_to_offset,
    "metadata null": showing(lambda row: {**row, "metadata": None}),
    "metadata empty": showing(lambda row: {**row, "metadata": {}}),
    "metadata as text": showing(lambda row: {**row, "metadata": json.dumps(row.get("metadata"))}),
    "metadata as a list": showing(lambda row: {**row, "metadata": [1]}),
    "without metadata": showing(without("metadata")),
    "without metadata and number": showing(without("metadata", "to")),
    "without metadata, number and task": showing(without("metadata", "to", "task")),
    "the number masked": showing(lambda row: {**without("metadata")(row), "to": "+1******7890"}),
    "the number with blanks": showing(lambda row: {**without("metadata")(row), "to": "+1 (234) 567-890"}),
    "the task cut off": showing(lambda row: {**without("metadata")(row), "task": f"{row['task'][:6]}..."}),
    "times without a zone": showing(lambda row: {**without("metadata")(row), "created_at": row["created_at"][:19]}),
    "the number in part": showing(lambda row: {**without("metadata")(row), "to": "7890"}),
    "the number masked with dots": showing(lambda row: {**without("metadata")(row), "to": "+1.....7890"}),
    "the task in capitals": showing(lambda row: {**without("metadata")(row), "task": row["task"].upper()}),
    "the task in quotation marks": showing(lambda row: {**without("metadata")(row), "task": f'"{row["task"]}"'}),
    "metadata in part": showing(lambda row: {**row, "metadata": {"source": "api"}}),
    "the key masked": showing(lambda row: {**row, "metadata": {"idempotency_key": "***"}}),
    "an empty page that goes on": lambda *_: {"items": [], "has_more": True},
    "a total as text": lambda *_: {"items": [], "total": "1"},
    "items under another name": lambda _, rows, *__: {"items": [], "data": rows},
    "without times": showing(without("metadata", "created_at")),
    "capped and without metadata": showing(without("metadata"), capped),
    "ids only": showing(lambda row: {"id": row["id"]}),
    "without ids": showing(without("id")),
    "something else": lambda *_: {"detail": "maintenance"},
    "items null": lambda *_: {"items": None, "total": 0},
    "text for items": lambda *_: {"items": ["call_0"]},
}

WHOLES: dict[str, Callable[[Row], Row]] = {
    "whole": dict,
    "never with metadata": without("metadata"),
}


def key_shown(change: Callable[[str], Any]) -> Callable[[Row], Row]:
    """Show the idempotency key in another way."""
    return lambda row: {**row, "metadata": {"idempotency_key": change(row["metadata"]["idempotency_key"])}}


def metadata_shown(change: Callable[[Row], Any]) -> Callable[[Row], Row]:
    return lambda row: {**row, "metadata": change(row["metadata"])}


SHOWN_OTHERWISE: dict[str, Callable[[Row], Row]] = {
    "the key cut off": key_shown(lambda key: f"{key[:4]}..."),
    "the key masked at its end": key_shown(lambda key: f"{key[:2]}****"),
    "the key masked at its beginning": key_shown(lambda key: f"***{key[-2:]}"),
    "the key masked in the middle": key_shown(lambda key: f"{key[:2]}\u2022\u2022{key[-1:]}"),
    "the key masked by x": key_shown(lambda key: "xxxxxxx"),
    "the key in capitals": key_shown(str.upper),
    "the key hidden": key_shown(lambda key: "[redacted]"),
    "the key left out": key_shown(lambda key: None),
    "metadata in an object": metadata_shown(lambda metadata: {"custom": metadata, "source": "api"}),
    "metadata as JSON in an object": metadata_shown(lambda metadata: {"custom": json.dumps(metadata)}),
    "the key under another name": metadata_shown(lambda metadata: {"idempotencyKey": metadata["idempotency_key"]}),
    "metadata as pairs": metadata_shown(lambda metadata: {"pairs": [[*each] for each in metadata.items()]}),
}
"""Ways to show a call that leave it open whether it is the wanted one."""

SHOWN_IN_SHORT: dict[str, Callable[[Row], Row]] = {
    **SHOWN_OTHERWISE,
    "the key cut off without a mark": key_shown(lambda key: key[:4]),
    "the task hidden": lambda row: {**without("metadata")(row), "task": "[redacted]"},
    "the task behind other words": lambda row: {**without("metadata")(row), "task": f"Task: {row['task']}"},
    "the number as people write it": lambda row: {**without("metadata")(row), "to": "+1 (0)234 567-890"},
    "the number cut off": lambda row: {**without("metadata")(row), "to": row["to"][:8]},
}

EMPTY_PAGES: dict[str, Row] = {
    "calls in another object": {"data": {"calls": [{"id": "call_0"}]}},
    "a total in words": {"total": "1 call"},
    "a total with a fraction": {"total": 1.0},
    "a total in another object": {"pagination": {"total": 1}},
    "the address of another page": {"links": {"next": "https://example.com"}},
    "a cursor": {"next_cursor": "abc"},
    "only a part": {"partial": True},
    "a total under another name": {"total_records": 1},
    "a total in camel case": {"meta": {"totalElements": 1}},
    "a failure": {"success": False, "message": "The calls could not be listed."},
    "an error": {"error": "The index is not available."},
}


@pytest.fixture
def service() -> Iterator[Service]:
    service = Service()
    yield service
    service.server.shutdown()
    service.server.server_close()


@pytest.fixture
def client(service: Service) -> Iterator[PamelaClient]:
    with PamelaClient("pk_live_...", service.base_url) as client:
        client._clock = FakeClock(is_instant=True)
        yield client


def place_once(client: PamelaClient, service: Service) -> str:
    """Place the call with its key, and return what came of it; it must never be placed twice."""
    try:
        client.create_call(TO, TASK, idempotency_key=KEY)
        outcome = "placed"
    except CallError as error:
        outcome = "ambiguous" if error.ambiguous else "failed"
    assert outcome != "failed"
    mine = [each for each in service.calls if (each.get("metadata") or {}).get("idempotency_key") == KEY]
    assert len(mine) <= 1, "the phone rang twice"
    if outcome == "placed":
        assert len(mine) == 1
    assert len(service.requests) <= MOST_REQUESTS
    return outcome


@pytest.mark.parametrize("others", [0, 120, *(pytest.param(others, marks=pytest.mark.slow) for others in (3, 300))])
@pytest.mark.parametrize("acts", [True, False], ids=["acted upon", "not acted upon"])
@pytest.mark.parametrize("whole", WHOLES)
@pytest.mark.parametrize("page", PAGES)
def test_one_call_or_ambiguous(
    client: PamelaClient, service: Service, page: str, whole: str, acts: bool, others: int
) -> None:
    service.page, service.whole, service.acts = PAGES[page], WHOLES[whole], acts
    service.place_others(others)
    outcome = place_once(client, service)
    if page in ("as documented", "oldest first", "without paging fields", "the limit capped in silence"):
        assert outcome == "placed"
    if page == "without metadata" and whole == "whole":
        assert outcome == "placed"


@pytest.mark.parametrize("acts", [True, False], ids=["acted upon", "not acted upon"])
@pytest.mark.parametrize("shown", SHOWN_IN_SHORT)
def test_calls_shown_in_another_way_are_fetched(client: PamelaClient, service: Service, shown: str, acts: bool) -> None:
    service.page, service.acts = showing(SHOWN_IN_SHORT[shown]), acts
    service.place_others(3, metadata={"idempotency_key": "burger-2"})
    assert place_once(client, service) == "placed"


@pytest.mark.parametrize("shown", SHOWN_OTHERWISE)
def test_calls_never_shown_as_they_were_placed_are_unclear(client: PamelaClient, service: Service, shown: str) -> None:
    service.page, service.whole = showing(SHOWN_OTHERWISE[shown]), SHOWN_OTHERWISE[shown]
    service.place_others(3, metadata={"idempotency_key": "burger-2"})
    assert place_once(client, service) == "ambiguous"


@pytest.mark.parametrize("shown", ["pizza-10", "burger-1", "b*****1", "four-cheese-12"])
def test_another_key_of_a_call_like_the_lost_one(client: PamelaClient, service: Service, shown: str) -> None:
    service.acts = False
    service.place(to=TO, task=TASK, metadata={"idempotency_key": shown})
    assert place_once(client, service) == "placed"


@pytest.mark.parametrize(
    "shown", ["pizza-", "p*", "*", "1", 17, ["pizza"], "9f86d081884c7d65", "qL8R4QIcQ/ZsRqOAbeRfcZhilN/MksRtDaErMA=="]
)
def test_what_may_be_the_key_of_the_lost_one(client: PamelaClient, service: Service, shown: object) -> None:
    service.acts = False
    service.place(to=TO, task=TASK, metadata={"idempotency_key": shown})
    assert place_once(client, service) == "ambiguous"


@pytest.mark.parametrize(
    "shown", ["+10000007890", "+1234567000", "+1999999890", "+1890", "+12890", "+1000890", "+1XX4567890"]
)
@pytest.mark.parametrize("whole", [True, False])
def test_what_may_be_the_number_of_the_lost_one(
    client: PamelaClient, service: Service, shown: str, whole: bool
) -> None:
    """A number that looks whole may be masked by digits, or lack some."""

    def masked(row: Row) -> Row:
        return {**without("metadata")(row), "to": shown}

    service.page = showing(masked)
    service.whole = dict if whole else masked
    assert place_once(client, service) == ("placed" if whole else "ambiguous")


def by_change(service: Service, rows: list[Row], limit: int, offset: int) -> Row:
    """The calls that were changed last come first. Neither a total nor when they were changed is shown."""
    changed = sorted(rows, key=lambda row: service.changes.get(row["id"], ""), reverse=True)
    return {"items": changed[offset : offset + limit]}


def by_change_backwards(service: Service, rows: list[Row], limit: int, offset: int) -> Row:
    changed = sorted(rows, key=lambda row: service.changes.get(row["id"], ""))
    return {"items": changed[offset : offset + limit]}


class TestMovingLists:
    """Calls are placed and changed while the list of them is read."""

    @pytest.mark.parametrize("acts", [True, False])
    @pytest.mark.parametrize("placed", [1, 60, 100, 250])
    def test_calls_placed_meanwhile(self, client: PamelaClient, service: Service, placed: int, acts: bool) -> None:
        service.acts = acts
        service.place_others(220)
        service.before_page = lambda: service.place_others(placed)
        assert place_once(client, service) == "placed"

    @pytest.mark.parametrize("page", [by_change, by_change_backwards])
    @pytest.mark.parametrize("acts", [True, False])
    def test_a_call_that_moves_to_a_page_that_was_read(
        self, client: PamelaClient, service: Service, page: Page, acts: bool
    ) -> None:
        service.page, service.acts = page, acts
        service.place_others(250)
        pages = 0

        def change() -> None:
            nonlocal pages
            pages += 1
            if pages == 1:
                for number, call in enumerate(service.calls):
                    service.changes[call["id"]] = f"{number:04}"
                if acts:
                    service.changes[service.calls[-1]["id"]] = "0050" if page is by_change else "0100+"
            elif pages == 2:
                moved = service.calls[-1] if page is by_change and acts else service.calls[0]
                service.changes[moved["id"]] = "9999"

        service.before_page = change
        assert place_once(client, service) == "placed"

    def test_a_list_that_moves_for_ever(self, client: PamelaClient, service: Service) -> None:
        """Without times there is no telling what moves it."""
        service.page, service.acts = showing(without("created_at"), bare), False
        service.place_others(250)
        service.before_page = lambda: service.place_others(100)
        assert place_once(client, service) == "ambiguous"

    def test_a_list_whose_end_hides_calls(self, client: PamelaClient, service: Service) -> None:
        service.acts = False
        service.place_others(250)
        service.before_page = lambda: service.place_others(100)
        created_at = service.created_at
        service.created_at = lambda call: created_at(call) + timedelta(hours=2)  # type: ignore[method-assign]
        assert place_once(client, service) == "ambiguous"


@pytest.mark.parametrize("page", EMPTY_PAGES)
def test_an_empty_list_that_says_that_there_is_more(client: PamelaClient, service: Service, page: str) -> None:
    service.page = lambda *_: {"items": [], **EMPTY_PAGES[page]}
    assert place_once(client, service) == "ambiguous"


@pytest.mark.parametrize(
    "shown",
    ["*a" * 120, "#" * 50_000 + "a", "." * 50_000 + "c", "x" * 50_000 + "c", "-" * 50_000 + "c", "enc" * 20_000],
)
def test_keys_that_take_long_to_compare(client: PamelaClient, service: Service, shown: str) -> None:
    service.acts = False
    service.place(to=TO, task=shown, metadata={"idempotency_key": shown})
    assert client.find_call(idempotency_key="a" * 200 + "b", to=TO) is None


@pytest.mark.parametrize("page", ["as documented", "without metadata", "the limit capped in silence"])
@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("minutes", [-3000, -1500, -90, -20, 20, 90, 1500])
def test_clocks_that_differ(client: PamelaClient, service: Service, page: str, acts: bool, minutes: int) -> None:
    service.page, service.acts, service.ahead = PAGES[page], acts, timedelta(minutes=minutes)
    service.place_others(20)
    assert place_once(client, service) == "placed"


@pytest.mark.parametrize("acts", [True, False])
@pytest.mark.parametrize("minutes", [-600, -20, 20, 600])
def test_clocks_that_differ_without_a_date(client: PamelaClient, service: Service, acts: bool, minutes: int) -> None:
    service.has_date, service.acts, service.ahead = False, acts, timedelta(minutes=minutes)
    service.place_others(20)
    assert place_once(client, service) == "placed"


def test_many_calls_like_the_lost_one_are_too_many_to_fetch(client: PamelaClient, service: Service) -> None:
    service.page, service.acts = PAGES["without metadata"], False
    service.place_others(300, to=TO, task=TASK)
    assert place_once(client, service) == "ambiguous"


def test_calls_to_other_numbers_are_not_fetched(client: PamelaClient, service: Service) -> None:
    service.page, service.acts = PAGES["without metadata"], False
    service.place_others(300)
    assert place_once(client, service) == "placed"
    assert all(request in ("POST", "GET /calls") for request in service.requests)


class TestFindCall:
    """`find_call` is the same look-up, for the caller."""

    def test_found(self, client: PamelaClient, service: Service) -> None:
        service.place_others(150)
        mine = service.place(to=TO, task=TASK, metadata={"idempotency_key": KEY})
        service.place_others(150)
        found = client.find_call(idempotency_key=KEY, to=TO, task=TASK)
        assert found == mine

    def test_none(self, client: PamelaClient, service: Service) -> None:
        service.place_others(150, metadata={"idempotency_key": "other"})
        assert client.find_call(idempotency_key=KEY) is None

    def test_unclear(self, client: PamelaClient, service: Service) -> None:
        service.whole = without("metadata")
        service.place(to=TO, task=TASK)
        with pytest.raises(CallLookupError, match="shows no metadata of the call 'call_0'") as caught:
            client.find_call(idempotency_key=KEY, to=TO)
        assert caught.value.ambiguous
        assert client.find_call(idempotency_key=KEY, to="+1987654321") is None

    def test_since(self, client: PamelaClient, service: Service) -> None:
        service.ahead = timedelta(days=-3)
        mine = service.place(to=TO, task=TASK, metadata={"idempotency_key": KEY})
        service.ahead = timedelta()
        assert client.find_call(idempotency_key=KEY, to=TO) is None
        assert client.find_call(idempotency_key=KEY, to=TO, since=datetime.now(UTC) - timedelta(days=4)) == mine

    @pytest.mark.parametrize(
        ("arguments", "name"),
        [({"idempotency_key": ""}, "idempotency_key"), ({"idempotency_key": KEY, "since": "soon"}, "since")],
    )
    def test_invalid_arguments(self, client: PamelaClient, arguments: dict[str, str], name: str) -> None:
        with pytest.raises(ValidationError, match=name):
            client.find_call(**arguments)

    def test_sync_and_async(self, service: Service, make: Make) -> None:
        mine = service.place(to=TO, task=TASK, metadata={"idempotency_key": KEY})
        assert make(service.base_url).find_call(idempotency_key=KEY) == mine


class TestConflict:
    """A key that was used for another call: the exception has that call."""

    @pytest.mark.parametrize("details", [{"call_id": "call_1"}, {}])
    def test_the_original_call(self, service: Service, make: Make, scripted: Any, details: Row) -> None:
        original = {"id": "call_1", "metadata": {"idempotency_key": KEY}}
        refusal: Any = (409, {}, {"detail": {"message": "Used before.", "details": details}})
        second = original if details else {"items": [original]}
        scripted.answers = [refusal, (200, {}, second)]
        with pytest.raises(CallError, match="Used before") as caught:
            make(scripted.base_url).create_call(TO, TASK, idempotency_key=KEY)
        assert caught.value.original == original  # type: ignore[attr-defined]
        assert not caught.value.ambiguous
