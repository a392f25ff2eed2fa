"""Campaign and AsyncCampaign: call all recipients of a list, each of them once."""

from __future__ import annotations

import asyncio
import queue
import threading
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Generic, NotRequired, Self, TypedDict, TypeVar, Unpack

import attrs

from .. import AsyncPamelaClient, PamelaClient
from .adding import Addition
from .callers import AsyncCaller, Caller, SyncCaller
from .checks import CheckReport, Problem, RowFormat
from .errors import CampaignError
from .ledger import Ledger
from .ledger.database import file_of
from .numbers import check_region, parse_number, to_e164
from .readers import detect_encoding, read_csv, read_file, read_json_lines, read_parquet, read_rows, read_sql
from .results import CampaignResult, write_results
from .runner import Runner
from .settings import Breaker, Pace, Rate, Retry, Settings
from .states import CampaignState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
    from types import TracebackType

    from ..events import WebhookEvent
    from .decisions import Decide
    from .hours import Hours
    from .readers import Row
    from .records import CampaignInfo, Progress

C = TypeVar("C", PamelaClient, AsyncPamelaClient)
Duration = timedelta | float | str


class AddOptions(TypedDict):
    """The options of `add_csv` and the other `add_...` methods: how rows become recipients.

    Args:
        to: The column with the phone number.
        task: What the agent should achieve. Columns stand in braces: `Tell {name} that order {order} is here`.
        call: Other arguments of `create_call`. Their texts may have columns in braces too.
        id: The column with the recipient's unique id. The default is the number.
        timezone: The column with the recipient's time zone, as an IANA name.
        region: The country of numbers in national form, as an ISO 3166-1 alpha-2 code.
        assigned: Whether to refuse numbers in ranges that are not in use. The default is True.
        same_number: Whether several recipients may have the same number. The default is False.
        skip_invalid: Whether to skip invalid rows instead of refusing all rows. The default is False.
        dry_run: Whether to only check the rows, without adding them. The default is False.
        on_problem: Called with each `Problem` when it is found.
    """

    to: str
    task: str
    call: NotRequired[Mapping[str, Any]]
    id: NotRequired[str | None]
    timezone: NotRequired[str | None]
    region: NotRequired[str | None]
    assigned: NotRequired[bool]
    same_number: NotRequired[bool]
    skip_invalid: NotRequired[bool]
    dry_run: NotRequired[bool]
    on_problem: NotRequired[Callable[[Problem], object] | None]


class BaseCampaign(Generic[C]):
    """The common part of `Campaign` and `AsyncCampaign`."""

    _checked_settings: Settings | None = None
    """The settings of a campaign with `check_only`."""
    _scratch: TemporaryDirectory[str] | None = None
    """The folder of a temporary ledger, for a check without a ledger."""

    def __init__(
        self,
        client: C,
        name: str,
        *,
        ledger: str | Path | Ledger,
        in_flight: int = 20,
        rate: float | str | Sequence[Rate] | None = "5/s",
        per_prefix: Mapping[str, Pace] | None = None,
        hours: Hours | None = None,
        zone_fallback: str | None = None,
        retry: Retry | None = None,
        breaker: Breaker | None = Breaker(),  # noqa: B008
        max_minutes: int | None = None,
        decide: Decide | None = None,
        poll_interval: Duration = "5s",
        transcript_timeout: Duration = "10s",
        settle: Duration = "10s",
        clock: Callable[[], datetime] | None = None,
        check_only: bool = False,
    ) -> None:
        if not isinstance(name, str) or not name.strip():
            raise CampaignError(
                f"{name!r} is not a valid name of a campaign. It is part of the idempotency keys of the calls."
            )
        settings = Settings(
            in_flight=in_flight,
            rate=rate,
            per_prefix=per_prefix,
            hours=hours,
            zone_fallback=zone_fallback,
            retry=retry,
            breaker=breaker,
            max_minutes=max_minutes,
            poll_interval=poll_interval,
            transcript_timeout=transcript_timeout,
            settle=settle,
        )
        self._attach(client, self._scratch_of(ledger) if check_only else ledger, decide, clock)
        if check_only:
            self._checked_settings = settings
        self._id = self.ledger.open_campaign(name, settings, keep=not check_only).id
        self.name = name

    @classmethod
    def open(
        cls,
        client: C,
        ledger: str | Path | Ledger,
        name: str | None = None,
        *,
        decide: Decide | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> Self:
        """Open an existing campaign of a ledger, with its stored settings.

        Args:
            client: The client that places the calls.
            ledger: The ledger.
            name: The campaign's name. You can leave it out if the ledger has only one campaign.
            decide: Called with each ended call, as for a new campaign.
            clock: Returns the current time, as for a new campaign.

        Returns:
            The campaign.

        Raises:
            CampaignError: The ledger has no such campaign.
            LedgerError: The ledger cannot be opened.
        """
        self = cls.__new__(cls)
        self._attach(client, ledger, decide, clock)
        try:
            info = self.ledger.campaign(name)
        except CampaignError:
            self._close()
            raise
        self._id, self.name = info.id, info.name
        return self

    def _attach(
        self,
        client: C,
        ledger: str | Path | Ledger,
        decide: Decide | None,
        clock: Callable[[], datetime] | None,
    ) -> None:
        self._client: C = client
        self._decide = decide
        self._clock = clock
        self._owns_ledger = not isinstance(ledger, Ledger)
        self.ledger = ledger if isinstance(ledger, Ledger) else Ledger(ledger, clock=clock)
        self._webhooks_noted = False
        self._checked_do_not_call: dict[str, str | None] = {}

    @property
    def info(self) -> CampaignInfo:
        """The current state of the campaign in the ledger."""
        return self.ledger.info(self._id)

    @property
    def check_only(self) -> bool:
        """Whether the campaign only checks rows."""
        return self._checked_settings is not None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, ledger={self.ledger.name!r})"

    def progress(self) -> Progress:
        """Return the progress of the campaign."""
        return self.ledger.progress(self._id)

    def pause(self) -> None:
        """Place no more calls until `resume`, in all processes that run the campaign. Calls in progress continue."""
        self.ledger.pause(self._id)

    def resume(self) -> None:
        """Continue a campaign that was paused, was stopped or stopped itself."""
        self.ledger.resume(self._id)

    def stop(self) -> None:
        """Place no more calls. The processes that run the campaign end when all calls in progress have ended."""
        self.ledger.stop(self._id)

    def results(self) -> Iterator[CampaignResult]:
        """Return the results of all finished recipients, in the order in which they were added."""
        return map(CampaignResult.from_row, self.ledger.results(self._id))

    def write_results(self, path: str | Path) -> int:
        """Write the results of all finished recipients to a file.

        Args:
            path: The file. Its name ends with `.csv`, `.jsonl` or `.parquet`.

        Returns:
            The number of results.

        Raises:
            CampaignError: The file cannot be written, or the ending of its name is unknown.
        """
        return write_results(path, self.results())

    def write_report(self, path: str | Path) -> None:
        """Write a report: one HTML file with plots.

        Args:
            path: The file.

        Raises:
            CampaignError: The file cannot be written.
        """
        from .report import write_report

        write_report(path, self.ledger, self.info)

    def handle_event(self, event: WebhookEvent) -> None:
        """Handle the event of a webhook. `endpoint.include(campaign)` calls this method with each event.

        While events arrive, the campaign rarely reads lists of calls.

        Args:
            event: The event.
        """
        call_id = event.get("call_id")
        if event.get("event") not in {"call.completed", "call.failed"} or not isinstance(call_id, str):
            return
        if not self._webhooks_noted:
            self.ledger.use_webhooks(self._id)
            self._webhooks_noted = True
        self.ledger.notice(call_id)

    def _scratch_of(self, ledger: str | Path | Ledger) -> str | Path | Ledger:
        """Return the ledger for a check of rows: the given one, or a temporary one if it does not exist yet."""
        file = None if isinstance(ledger, Ledger) else file_of(ledger)
        if file is None or (file.exists() and file.stat().st_size):
            return ledger
        try:
            self._scratch = TemporaryDirectory(prefix=f".{file.name}-check-", dir=file.parent)
        except OSError:
            return ledger  # opening it raises the right error
        return Path(self._scratch.name) / file.name

    def _close(self) -> None:
        if self._owns_ledger:
            self.ledger.close()
        if self._scratch is not None:
            self._scratch.cleanup()

    def _add(self, rows: Iterable[Row], options: AddOptions) -> CheckReport:
        unknown = set(options) - set(AddOptions.__annotations__)
        if unknown:
            raise TypeError(
                f"There is no argument {sorted(unknown)[0]!r}. Put arguments of the call into call={{...}}."
            )
        format_ = RowFormat(
            to=options["to"],
            id=options.get("id"),
            timezone=options.get("timezone"),
            region=options.get("region"),
            assigned=options.get("assigned", True),
            call={"task": options["task"], **options.get("call", {})},
        )
        info = self.info
        if self._checked_settings is not None:
            info = attrs.evolve(info, settings=self._checked_settings)
        addition = Addition(
            self.ledger,
            info,
            format_,
            same_number=options.get("same_number", False),
            on_problem=options.get("on_problem"),
            do_not_call=self._checked_do_not_call,
        )
        return addition.add(
            rows,
            skip_invalid=options.get("skip_invalid", False),
            dry_run=options.get("dry_run", False) or self.check_only,
            now=None if self._clock is None else self._clock(),
        )

    def _add_do_not_call(self, numbers: str | Path | Iterable[str], region: str | None) -> int:
        found = read_do_not_call(numbers, region)
        if not self.check_only:
            return self.ledger.add_do_not_call(found)
        self._checked_do_not_call |= found
        return len(found)

    def _begin(self, caller: Caller, on_result: Callable[[list[int]], None]) -> Runner:
        if self.check_only:
            raise CampaignError(f"The campaign {self.name!r} was made with check_only=True, and places no calls.")
        info = self.info
        if info.state is CampaignState.STOPPED:
            raise CampaignError(f"The campaign {self.name!r} was stopped. Continue it with resume().")
        if info.state is CampaignState.HALTED:
            self.ledger.resume(self._id)
        return Runner(
            self.ledger,
            self.info,
            caller,
            decide=self._decide,
            on_result=on_result,
            other_clock=self._clock is not None,
        )

    def _load(self, ids: list[int]) -> list[CampaignResult]:
        return [CampaignResult.from_row(row) for row in self.ledger.results(self._id, ids=ids)]


class Campaign(BaseCampaign[PamelaClient]):
    """Calls all recipients of a list, each of them once, even if the program is killed and started again.

    Args:
        client: The client that places the calls. Its `max_retries` and `deadline` apply to each request.
        name: The campaign's name. It is part of the idempotency keys of the calls, so a campaign with the same name
            does not call the same recipients again. Give another campaign another name.
        ledger: The file that stores the campaign, or `postgresql://user:password@host/name`.
        in_flight: Maximum number of live calls.
        rate: Maximum rate of new calls: `5` (a second), `"5/s"`, `"100/min"`, or `"5/s,100/min"`. None sets no limit.
        per_prefix: A separate pace for numbers with a prefix: `{"+44": Pace(in_flight=5, rate="1/s")}`.
        hours: The hours in which callees may be called, in their own time zones. None means any time.
        zone_fallback: The time zone of numbers whose time zone is unknown, or whose time zones have no hour in common.
        retry: Which calls are placed again. None means no call.
        breaker: When the campaign stops itself. None means never.
        max_minutes: Maximum number of billed minutes. The campaign places no call that could exceed it.
        decide: Called with each ended call. It returns `Done()`, `RetryAt(...)`, `GiveUp(...)`, or None to apply
            `retry`. It may be called twice for a call.
        poll_interval: Time between two checks of the calls in progress: a timedelta, seconds, or text such as `15m`.
        transcript_timeout: Maximum time to wait for the transcript after a call has completed.
        settle: Time to wait before an attempt with an unknown outcome is looked up.
        clock: Returns the current time for hours and pauses. The default is the clock of the ledger.
        check_only: Whether to only check rows. All `add_...` methods are then dry runs, an existing campaign with this
            name does not change, and no file is created.

    Raises:
        CampaignError: A setting is invalid.
        LedgerError: The ledger cannot be opened.

    Example:
        >>> campaign = Campaign(client, "orders-2026-11", ledger="orders.db")  # doctest: +SKIP
        >>> campaign.add_csv("customers.csv", to="phone", task="Tell {name} that it is here")  # doctest: +SKIP
        >>> for result in campaign.run():  # doctest: +SKIP
        ...     print(result.id, result.outcome)
    """

    def add_file(
        self,
        path: str | Path,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        **options: Unpack[AddOptions],
    ) -> CheckReport:
        """Check all rows of a file, then add them. The ending of its name gives the format.

        Args:
            path: The file: `.jsonl`, `.parquet` or `.tsv`. Any other ending means CSV. Spreadsheets are refused.
            encoding: The encoding, as for `add_csv`.
            delimiter: The delimiter, as for `add_csv`.
            **options: See `AddOptions`.

        Returns:
            The report of the check.

        Raises:
            InvalidRowsError: Rows are invalid. Nothing was added.
            CampaignError: The file cannot be read, or an option is invalid.
        """
        return self._add(read_file(path, encoding=encoding, delimiter=delimiter), options)

    def add_csv(
        self,
        path: str | Path,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        **options: Unpack[AddOptions],
    ) -> CheckReport:
        """Check all rows of a CSV file, then add them. Recipients that the campaign already has are not added again.

        Args:
            path: The file. Its first line has the names of the columns.
            encoding: The encoding. By default it is detected.
            delimiter: The character between values. By default it is detected.
            **options: See `AddOptions`.

        Returns:
            The report of the check.

        Raises:
            InvalidRowsError: Rows are invalid. Nothing was added.
            CampaignError: The file cannot be read, or an option is invalid.
        """
        return self._add(read_csv(path, encoding=encoding, delimiter=delimiter), options)

    def add_json_lines(self, path: str | Path, **options: Unpack[AddOptions]) -> CheckReport:
        """Check all rows of a file with a JSON object on each line, then add them. The same as `add_csv` for JSON lines.

        Args:
            path: The file.
            **options: See `AddOptions`.
        """
        return self._add(read_json_lines(path), options)

    def add_parquet(self, path: str | Path, **options: Unpack[AddOptions]) -> CheckReport:
        """Check all rows of a Parquet file, then add them. The same as `add_csv` for Parquet. It needs pyarrow.

        Args:
            path: The file.
            **options: See `AddOptions`.
        """
        return self._add(read_parquet(path), options)

    def add_sql(self, address: str, query: str, **options: Unpack[AddOptions]) -> CheckReport:
        """Check all rows of an SQL query, then add them. The same as `add_csv` for a query.

        Args:
            address: The address of the database, in SQLAlchemy's form.
            query: The SQL query.
            **options: See `AddOptions`.
        """
        return self._add(read_sql(address, query), options)

    def add_rows(self, rows: Iterable[Mapping[str, Any]], **options: Unpack[AddOptions]) -> CheckReport:
        """Check all rows of an iterable, then add them. The same as `add_csv` for mappings.

        Args:
            rows: Mappings of column to value.
            **options: See `AddOptions`.
        """
        return self._add(read_rows(rows), options)

    def add_do_not_call(self, numbers: str | Path | Iterable[str], *, region: str | None = None) -> int:
        """Add numbers to the do-not-call list. It applies to all campaigns of the ledger.

        Args:
            numbers: The numbers, or a file with one number per line. A comma and a reason may follow the number.
            region: The country of numbers in national form, as an ISO 3166-1 alpha-2 code.

        Returns:
            The number of added numbers.
        """
        return self._add_do_not_call(numbers, region)

    def run(self) -> Iterator[CampaignResult]:
        """Run the campaign to its end.

        Returns:
            An iterator. It yields the result of each recipient when it is finished. If you stop iterating, the run
            ends: no more calls are placed, and calls in progress continue. The next run continues the campaign.

        Raises:
            CampaignHaltedError: The campaign stopped itself.
            CampaignError: The campaign was stopped before, the `decide` hook failed, or the calls in progress could not be
                read for five minutes.
            LedgerError: The ledger failed. Nothing is lost. Run the campaign again.
        """
        caller = SyncCaller(self._client, self.info.settings.in_flight)
        try:
            yield from self._run(caller)
        finally:
            caller.close()

    def _run(self, caller: Caller) -> Iterator[CampaignResult]:
        events: queue.SimpleQueue[list[int] | BaseException | None] = queue.SimpleQueue()
        runner = self._begin(caller, events.put)
        thread = _start(runner, events.put)
        try:
            while (event := events.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                yield from self._load(event)
        finally:
            runner.end()
            thread.join()

    def close(self) -> None:
        """Close the ledger. The client stays open."""
        self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class AsyncCampaign(BaseCampaign[AsyncPamelaClient]):
    """The async `Campaign`, with an `AsyncPamelaClient`, for asyncio. `add_...` are coroutines, `run` is for `async for`.

    It has the arguments of `Campaign`. The `decide` hook is an ordinary function and is called in a thread. Methods
    that only read or write the ledger, such as `progress` and `results`, are ordinary methods.
    """

    async def add_file(
        self,
        path: str | Path,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        **options: Unpack[AddOptions],
    ) -> CheckReport:
        """Check all rows of a file, then add them. See `Campaign.add_file`."""
        return await asyncio.to_thread(self._add, read_file(path, encoding=encoding, delimiter=delimiter), options)

    async def add_csv(
        self,
        path: str | Path,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        **options: Unpack[AddOptions],
    ) -> CheckReport:
        """Check all rows of a CSV file, then add them. See `Campaign.add_csv`."""
        return await asyncio.to_thread(self._add, read_csv(path, encoding=encoding, delimiter=delimiter), options)

    async def add_json_lines(self, path: str | Path, **options: Unpack[AddOptions]) -> CheckReport:
        """Check all rows of a file with a JSON object on each line, then add them. See `Campaign.add_json_lines`."""
        return await asyncio.to_thread(self._add, read_json_lines(path), options)

    async def add_parquet(self, path: str | Path, **options: Unpack[AddOptions]) -> CheckReport:
        """Check all rows of a Parquet file, then add them. See `Campaign.add_parquet`."""
        return await asyncio.to_thread(self._add, read_parquet(path), options)

    async def add_sql(self, address: str, query: str, **options: Unpack[AddOptions]) -> CheckReport:
        """Check all rows of an SQL query, then add them. See `Campaign.add_sql`."""
        return await asyncio.to_thread(self._add, read_sql(address, query), options)

    async def add_rows(self, rows: Iterable[Mapping[str, Any]], **options: Unpack[AddOptions]) -> CheckReport:
        """Check all rows of an iterable, then add them. See `Campaign.add_rows`."""
        return await asyncio.to_thread(self._add, read_rows(rows), options)

    async def add_do_not_call(self, numbers: str | Path | Iterable[str], *, region: str | None = None) -> int:
        """Add numbers to the do-not-call list. See `Campaign.add_do_not_call`."""
        return await asyncio.to_thread(self._add_do_not_call, numbers, region)

    async def run(self) -> AsyncIterator[CampaignResult]:
        """Run the campaign to its end, with `async for`. See `Campaign.run`."""
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[list[int] | BaseException | None] = asyncio.Queue()

        def put(event: list[int] | BaseException | None) -> None:
            loop.call_soon_threadsafe(events.put_nowait, event)

        caller = AsyncCaller(self._client, self.info.settings.in_flight, loop)
        runner = self._begin(caller, put)
        thread = _start(runner, put)
        try:
            while (event := await events.get()) is not None:
                if isinstance(event, BaseException):
                    raise event
                for result in await asyncio.to_thread(self._load, event):
                    yield result
        finally:
            runner.end()
            await asyncio.to_thread(thread.join)

    async def close(self) -> None:
        """Close the ledger. The client stays open."""
        self._close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()


def _start(runner: Runner, put: Callable[[BaseException | None], None]) -> threading.Thread:
    """Run a runner in a thread. At its end, put its exception or None."""

    def run() -> None:
        try:
            runner.run()
        except BaseException as error:
            put(error)
        else:
            put(None)

    thread = threading.Thread(target=run, name="pamela-campaign", daemon=True)
    thread.start()
    return thread


def read_do_not_call(numbers: str | Path | Iterable[str], region: str | None) -> dict[str, str | None]:
    """Return the numbers of a do-not-call list in E.164 form.

    Raises:
        CampaignError: The file cannot be read, or has a line without a number.
    """
    check_region(region)
    if isinstance(numbers, str | Path):
        path = Path(numbers)
        try:
            lines = path.read_text(encoding=detect_encoding(path)).splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise CampaignError(f"Cannot read the do-not-call list {path}: {error}.") from None
        named = [(f"{path}, line {number}: ", line) for number, line in enumerate(lines, 1)]
    else:
        named = [("", number) for number in numbers]
    found: dict[str, str | None] = {}
    for where, line in named:
        text, _, reason = line.partition("#")[0].partition(",")
        if not text.strip():
            continue
        try:
            number = to_e164(parse_number(text.strip().strip('"'), region, assigned=False))
        except CampaignError as error:
            raise CampaignError(f"{where}{error}") from None
        if second := _second_number(reason, region):
            raise CampaignError(
                f"{where}{second!r} is a second number. Write one number a line, and the reason after a comma."
            )
        found[number] = reason.strip() or None
    return found


def _second_number(reason: str, region: str | None) -> str | None:
    """Return a phone number found where a reason should be. Otherwise it would be called despite the list."""
    for cell in (cell.strip().strip('"') for cell in reason.split(",")):
        try:
            datetime.fromisoformat(cell)
        except ValueError:
            try:
                parse_number(cell, region)
            except CampaignError:
                continue
            return cell
    return None
