"""`pamela campaign`: call everybody in a list; show progress; pause, resume and stop; write results and a report."""

from __future__ import annotations

import re
import signal
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import click

from .dialling import is_sandbox
from .exit_codes import CommandError, ExitCode
from .help import Group, Option
from .json_values import read_pairs
from .objects import load
from .output import Output, output_options
from .settings import Settings, connection_options
from .terminal import confirm, say, warn
from .words import with_options_for_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pamela import PamelaClient
    from pamela.campaigns import Campaign, CampaignHaltedError, CampaignInfo, CheckReport, Ledger, Problem, Retry

ROWS, CALLS, PACE = "Rows", "Calls", "Pace and manners"
STATUS_COLUMNS = (
    "name",
    "state",
    "reason",
    "trouble",
    "recipients",
    "finished",
    "live",
    "waiting",
    "placed",
    "completed",
    "not_reached",
    "broken_off",
    "minutes_billed",
)

name_option = click.option("--name", metavar="NAME", help="The name of the campaign, if the ledger has several.")
ledger_argument = click.argument("ledger", metavar="LEDGER")


@click.group(
    cls=Group,
    examples=(
        'pamela campaign run customers.csv --to phone --task "Tell {name} that it is here" --ledger orders.db',
        "pamela campaign run --ledger orders.db",
        "pamela campaign status orders.db",
        "pamela campaign report orders.db --out report.html",
    ),
)
def campaign() -> None:
    """Call all recipients of a list, each of them once."""
    try:
        import pamela.campaigns  # noqa: F401
    except ModuleNotFoundError as error:
        raise CommandError(f"Campaigns need {error.name}: pip install 'thisispamela[campaigns]'") from None


def option(*names: str, section: str, **settings: Any) -> Callable[[Any], Any]:
    return click.option(*names, cls=Option, section=section, **settings)


_ROWS_AND_SETTINGS = (
    option("--to", section=ROWS, metavar="COLUMN", help="The column with the phone number."),
    option(
        "--id",
        "id_",
        section=ROWS,
        metavar="COLUMN",
        help="The column with the recipient's unique id. The default is the number.",
    ),
    option("--timezone", section=ROWS, metavar="COLUMN", help="The column with the time zone: America/New_York."),
    option("--region", section=ROWS, metavar="CODE", help="The country of numbers without a country code: US."),
    option("--encoding", section=ROWS, metavar="NAME", help="The encoding of a CSV file. By default it is detected."),
    option(
        "--delimiter",
        section=ROWS,
        metavar="CHARACTER",
        help="The character between values. By default it is detected.",
    ),
    option("--sql", section=ROWS, metavar="QUERY", help="Take the rows of this query to --database."),
    option(
        "--database", section=ROWS, metavar="URL", help="The address of the database for --sql, in SQLAlchemy's form."
    ),
    option(
        "--do-not-call", section=ROWS, metavar="FILE", multiple=True, help="A file of numbers that must not be called."
    ),
    option("--skip-invalid", section=ROWS, is_flag=True, help="Skip invalid rows instead of refusing all rows."),
    option("--same-number", section=ROWS, is_flag=True, help="Allow several recipients with the same number."),
    option("--any-number", section=ROWS, is_flag=True, help="Allow numbers in ranges that are not in use."),
    option("--task", section=CALLS, metavar="TEXT", help="What the agent should achieve, with columns in braces."),
    option("--instructions", section=CALLS, metavar="TEXT", help="More instructions for the agent."),
    option("--locale", section=CALLS, metavar="LOCALE", help="The language of the call: en-US, or {column}."),
    option("--country", section=CALLS, metavar="CODE", help="The country of the number, or {column}."),
    option("--voice", section=CALLS, metavar="VOICE", help="The voice of the agent."),
    option("--agent-name", section=CALLS, metavar="NAME", help="The name with which the agent introduces itself."),
    option(
        "--caller-name", section=CALLS, metavar="NAME", help="The person or company on whose behalf the agent calls."
    ),
    option("--max-duration-seconds", section=CALLS, type=int, metavar="SECONDS", help="End each call after this time."),
    option(
        "--metadata",
        section=CALLS,
        multiple=True,
        metavar="KEY=VALUE",
        callback=read_pairs,
        help="A value of your own, stored with each call. It may contain {column}. You can repeat the option.",
    ),
    option("--webhook-url", section=CALLS, metavar="URL", help="Address for the events of the calls."),
    option("--tool-webhook-url", section=CALLS, metavar="URL", help="Address for the tool invocations of the calls."),
    option(
        "--hours",
        section=PACE,
        metavar="HH:MM-HH:MM",
        help="The hours for calls, in the callee's time zone. The default is any time.",
    ),
    option("--days", section=PACE, metavar="DAYS", help="The days for calls: mon-sat, or mon,wed,fri."),
    option(
        "--holidays", section=PACE, metavar="FILE", help="A file of days without calls, one date YYYY-MM-DD a line."
    ),
    option(
        "--zone-fallback",
        section=PACE,
        metavar="ZONE",
        help="The time zone of numbers whose own time zone is not known.",
    ),
    option(
        "--in-flight",
        section=PACE,
        type=int,
        default=20,
        show_default=True,
        metavar="N",
        help="Maximum number of live calls.",
    ),
    option(
        "--rate",
        section=PACE,
        default="5/s",
        show_default=True,
        metavar="RATE",
        help="Maximum rate of new calls: 5/s, 100/min, or 5/s,100/min.",
    ),
    option(
        "--per-prefix",
        section=PACE,
        multiple=True,
        metavar="PREFIX=PACE",
        help="The pace for numbers with a prefix: +44=5 (live calls), +44=1/s, or both: +44=5,1/s.",
    ),
    option(
        "--retry",
        section=PACE,
        multiple=True,
        metavar="OUTCOME=N",
        help="Maximum number of retries: not_reached=2, broken_off=1.",
    ),
    option(
        "--retry-after",
        section=PACE,
        multiple=True,
        metavar="[OUTCOME=]TIME",
        help="The pause before a retry: 15m, or not_reached=2h.  [default: 15m]",
    ),
    option("--max-minutes", section=PACE, type=int, metavar="N", help="Maximum number of billed minutes."),
    option(
        "--breaker",
        section=PACE,
        type=float,
        default=0.5,
        show_default=True,
        metavar="SHARE",
        help="Stop when more than this share of the recent calls has failed. 1 means never.",
    ),
    option(
        "--poll-interval",
        section=PACE,
        default="5s",
        show_default=True,
        metavar="TIME",
        help="Time between two looks at the calls in progress.",
    ),
)


def rows_and_settings(function: Any) -> Any:
    """Add the options for recipients, templates and settings to a command."""
    for decorate in reversed(_ROWS_AND_SETTINGS):
        function = decorate(function)
    return function


@campaign.command(
    examples=(
        'pamela campaign run customers.csv --to phone --id id --timezone tz --task "Tell {name} that order {order} is here"'
        " --hours 09:00-20:00 --days mon-sat --in-flight 20 --rate 5/s --retry not_reached=2 --retry-after 15m"
        " --ledger orders.db --out results.csv",
        'pamela campaign run people.jsonl --to phone --task "Remind {name}" --ledger orders.db --dry-run',
        "pamela campaign run --ledger orders.db",
    ),
)
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--ledger", metavar="LEDGER", required=True, help="A file, or postgresql://user:password@host/name.")
@click.option(
    "--name", metavar="NAME", help="The name of the campaign. It is part of the idempotency keys of the calls."
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write each result to this file when it is known.",
)
@click.option("--dry-run", is_flag=True, help="Only check all rows.")
@click.option("-y", "--yes", is_flag=True, help="Dial without asking.")
@rows_and_settings
@option(
    "--decide", section=PACE, metavar="MODULE:FUNCTION", help="Your function that decides what to do after each call."
)
@connection_options
@click.pass_context
def run(
    context: click.Context,
    /,
    settings: Settings,
    file: Path | None,
    ledger: str,
    name: str | None,
    out: Path | None,
    dry_run: bool,
    yes: bool,
    decide: str | None,
    **options: Any,
) -> None:
    """Call all recipients of a list, each of them once.

    FILE is .csv, .tsv, .jsonl or .parquet. All its rows are checked before the first call. To continue after an
    interruption, run the same command again, with or without FILE.

    The exit status is 0 if all recipients are finished and somebody was reached. It is 1 if nobody was reached, or if
    the campaign was stopped or stopped itself, and 3 if it stopped itself because of the key. It is 6 if calls were set
    aside, because it is unclear whether they were placed.
    """
    from pamela.campaigns import Campaign
    from pamela.campaigns.results import check_ending

    hook: Any = None if decide is None else load(decide, FunctionType)
    if out is not None:
        with as_usage_errors():
            check_ending(out)
    with settings.client() as client:
        if file is None and options["sql"] is None:
            refuse_settings_without_rows(context)
            refuse_missing_ledger(ledger)
            with as_usage_errors():
                opened = Campaign.open(client, ledger, name, decide=hook)
            with opened:
                ask(client, opened, yes=yes)
                context.exit(run_to_its_end(opened, out))
        refuse_rows_from_two_places(file, options)
        name = default_name(ledger, file) if name is None else name
        asks = not dry_run and not yes and not is_sandbox(client)
        if dry_run or asks:
            with make_campaign(client, ledger, name, hook, options, check_only=True) as checked:
                report = add_rows(checked, file, options)
                show_report(report)
                if report.invalid and not options["skip_invalid"]:
                    raise CommandError("Rows are invalid. Correct them, or skip them with --skip-invalid.")
                if dry_run:
                    return
                ask(client, checked, yes=yes)
        with make_campaign(client, ledger, name, hook, options) as made:
            report = add_rows(made, file, options)
            if not asks:
                show_report(report)
            context.exit(run_to_its_end(made, out))


@contextmanager
def as_usage_errors() -> Iterator[None]:
    """Turn errors in settings, templates and files into usage errors."""
    from pamela.campaigns import CampaignError, CampaignNotFoundError, InvalidRowsError, LedgerError

    try:
        yield
    except (InvalidRowsError, LedgerError):
        raise
    except CampaignNotFoundError as error:
        raise CommandError(with_options_for_arguments(str(error)), ExitCode.NOT_FOUND) from None
    except CampaignError as error:
        raise CommandError(with_options_for_arguments(str(error)), ExitCode.USAGE) from None


def refuse_settings_without_rows(context: click.Context) -> None:
    """Refuse options that have no effect because the campaign continues with the settings in its ledger."""
    for parameter in context.command.params:
        given = context.get_parameter_source(parameter.name or "") is click.core.ParameterSource.COMMANDLINE
        if given and parameter.name != "decide" and getattr(parameter, "section", None) in (ROWS, CALLS, PACE):
            raise CommandError(
                f"{parameter.opts[0]} needs FILE. Without it, the campaign continues with the settings in its ledger.",
                ExitCode.USAGE,
            )


def refuse_rows_from_two_places(file: Path | None, options: Mapping[str, Any]) -> None:
    """Refuse two sources of rows, because one would be ignored."""
    if file is not None and options["sql"] is not None:
        raise CommandError("FILE and --sql are both given. The rows come from one of them.", ExitCode.USAGE)
    if options["database"] is not None and options["sql"] is None:
        raise CommandError("--database needs --sql, the query.", ExitCode.USAGE)
    for name in ("encoding", "delimiter"):
        if options[name] is not None and file is None:
            raise CommandError(f"--{name} needs FILE.", ExitCode.USAGE)


def default_name(ledger: str, file: Path | None) -> str:
    """Return the name of the ledger's only campaign, or a new one from the file and the day."""
    campaigns: list[CampaignInfo] = []
    if "://" in ledger or Path(ledger).exists():  # opening a missing file would create it
        with opened_ledger(ledger) as opened:
            campaigns, ledger = opened.campaigns(), opened.name
    if len(campaigns) == 1:
        return campaigns[0].name
    if campaigns:
        names = ", ".join(each.name for each in campaigns)
        raise CommandError(f"{ledger} has several campaigns: {names}. Name one, or a new one: --name.", ExitCode.USAGE)
    return f"{file.stem if file is not None else 'campaign'}-{date.today()}"


def make_campaign(
    client: PamelaClient,
    ledger: str,
    name: str,
    decide: Any,
    options: Mapping[str, Any],
    *,
    check_only: bool = False,
) -> Campaign:
    """Return the campaign for the options of the command line.

    Raises:
        CommandError: An option is invalid.
        LedgerError: The ledger cannot be opened.
    """
    with as_usage_errors():
        return _make_campaign(client, ledger, name, decide, options, check_only=check_only)


def _make_campaign(
    client: PamelaClient, ledger: str, name: str, decide: Any, options: Mapping[str, Any], *, check_only: bool
) -> Campaign:
    from pamela.campaigns import Breaker, Campaign, Hours

    hours = start = end = None
    if options["hours"] is not None:
        start, dash, end = options["hours"].partition("-")
        if not dash:
            raise CommandError(f"--hours {options['hours']} has no end. Write 09:00-20:00.", ExitCode.USAGE)
    elif options["days"] is not None or options["holidays"] is not None:
        start, end = "00:00", "24:00"
    if start is not None and end is not None:
        days = "mon-sun" if options["days"] is None else options["days"]
        hours = Hours(start, end, days=days, holidays=options["holidays"])
    return Campaign(
        client,
        name,
        ledger=ledger,
        in_flight=options["in_flight"],
        rate=options["rate"],
        per_prefix=read_prefixes(options["per_prefix"]),
        hours=hours,
        zone_fallback=options["zone_fallback"],
        retry=read_retry(options["retry"], options["retry_after"]),
        breaker=None if options["breaker"] == 1 else Breaker(share=options["breaker"]),
        max_minutes=options["max_minutes"],
        decide=decide,
        poll_interval=options["poll_interval"],
        check_only=check_only,
    )


def read_prefixes(values: tuple[str, ...]) -> dict[str, Any]:
    from pamela.campaigns import Pace

    found: dict[str, Any] = {}
    for value in values:
        prefix, equals, pace = value.partition("=")
        parts = [part.strip() for part in pace.split(",") if part.strip()]
        if not equals or not parts:
            raise CommandError(f"--per-prefix {value} has no pace. Write +44=5,1/s.", ExitCode.USAGE)
        if not re.fullmatch(r"\+[1-9][0-9]{0,14}", prefix.strip()):
            raise CommandError(f"--per-prefix {value} has no prefix. Write +44=5,1/s.", ExitCode.USAGE)
        counts = [int(part) for part in parts if part.isdecimal()]
        rates = [part for part in parts if not part.isdecimal()]
        if len(counts) > 1:
            raise CommandError(f"--per-prefix {value} has two numbers of calls. Write +44=5,1/s.", ExitCode.USAGE)
        found[prefix.strip()] = Pace(counts[0] if counts else None, ",".join(rates) or None)
    return found


def read_retry(counts: tuple[str, ...], pauses: tuple[str, ...]) -> Retry:
    from pamela.campaigns import Retry

    known = ("not_reached", "broken_off", "cancelled")
    retries: dict[str, int] = {}
    for value in counts:
        outcome, equals, count = value.partition("=")
        if not equals or outcome not in known or not count.isdecimal():
            raise CommandError(
                f"--retry {value}: write OUTCOME=N, the outcome being {', '.join(known)}.", ExitCode.USAGE
            )
        retries[outcome] = int(count)
    if pauses and not retries:
        raise CommandError("--retry-after needs --retry.", ExitCode.USAGE)
    after: dict[str, str] = {}
    for value in pauses:
        outcome, equals, pause = value.rpartition("=")
        if equals and outcome not in known:
            raise CommandError(
                f"--retry-after {value}: write OUTCOME=TIME, the outcome being {', '.join(known)}.", ExitCode.USAGE
            )
        after |= {outcome: pause} if equals else dict.fromkeys(known, pause)
    return Retry(**retries, after=after or "15m")


def add_rows(campaign: Campaign, file: Path | None, options: Mapping[str, Any]) -> CheckReport:
    """Check the rows and add them. Problems are printed as they are found.

    Raises:
        CommandError: An option is invalid, or the file cannot be read.
        InvalidRowsError: Rows are invalid; nothing was added.
    """
    with as_usage_errors():
        for path in options["do_not_call"]:
            campaign.add_do_not_call(path, region=options["region"])
        return _add_rows(campaign, file, options)


def _add_rows(campaign: Campaign, file: Path | None, options: Mapping[str, Any]) -> CheckReport:
    for needed in ("to", "task"):
        if not options[needed]:
            raise CommandError(f"--{needed} is missing.", ExitCode.USAGE)
    call = {
        name: options[name]
        for name in (
            "instructions",
            "locale",
            "country",
            "voice",
            "agent_name",
            "caller_name",
            "max_duration_seconds",
        )
        if options[name] is not None
    }
    if options["metadata"]:
        call["metadata"] = dict(options["metadata"])
    webhooks = {name: options[name] for name in ("webhook_url", "tool_webhook_url") if options[name] is not None}
    if webhooks:
        call["webhooks"] = webhooks
    common: Any = {
        "to": options["to"],
        "task": options["task"],
        "call": call,
        "id": options["id_"],
        "timezone": options["timezone"],
        "region": options["region"],
        "assigned": not options["any_number"],
        "same_number": options["same_number"],
        "skip_invalid": options["skip_invalid"],
        "on_problem": tell_problem if campaign.check_only or options["skip_invalid"] else None,
    }
    if options["sql"] is not None:
        if options["database"] is None:
            raise CommandError("--sql needs --database, the address of the database.", ExitCode.USAGE)
        return campaign.add_sql(options["database"], options["sql"], **common)
    if file is None:
        raise CommandError("There is no FILE with the recipients, and no --sql.", ExitCode.USAGE)
    return campaign.add_file(file, encoding=options["encoding"], delimiter=options["delimiter"], **common)


def tell_problem(problem: Problem) -> None:
    warn(with_options_for_arguments(str(problem)))


def show_report(report: CheckReport) -> None:
    """Print the result of the check."""
    say(f"{report.rows:,} rows: {report.added:,} to call, {report.known:,} in the campaign already.")
    if report.do_not_call:
        say(f"{report.do_not_call:,} of them are on the do-not-call list and are not called.")
    if report.invalid:
        say(f"{report.invalid:,} invalid.")
    say(f"At most {report.max_minutes:,} minutes, ${report.max_cost:,.2f}.")
    if report.max_minutes and report.done_by is not None:
        say(f"Everybody is called once by {report.done_by:%d %B %Y, %H:%M} UTC, if calls last as long as they may.")
    elif report.max_minutes:
        say("At this pace it takes more than a year.")


def ask(client: PamelaClient, campaign: Campaign, *, yes: bool) -> None:
    """Ask before real phones ring."""
    if not yes and not is_sandbox(client):
        confirm(f"Run the campaign {campaign.name} for real?", yes=yes, otherwise=f"{campaign.name} is not run")


def run_to_its_end(campaign: Campaign, out: Path | None) -> int:
    """Run a campaign, show its progress, and write its results. Return the exit status."""
    from pamela.campaigns import CampaignHaltedError

    from .campaign_live import CampaignDisplay
    from .campaign_results import ResultFile

    try:
        with ResultFile(campaign, out) as results, CampaignDisplay(campaign):
            for result in campaign.run():
                results.write(result)
    except KeyboardInterrupt:
        say("Interrupted. Calls in progress continue. Run the command again to continue the campaign.")
        return ExitCode.INTERRUPTED
    except CampaignHaltedError as error:
        raise CommandError(str(error), ExitCode.AUTHENTICATION if error.key_refused else ExitCode.FAILURE) from None
    return tell_the_end(campaign)


def tell_the_end(campaign: Campaign) -> ExitCode:
    """Print the end of a campaign that did not stop itself, and return the exit status."""
    from pamela.campaigns import CampaignState

    progress = campaign.progress()
    recipients = progress.recipients
    shares = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in recipients.items())
    say(f"{campaign.name}: {progress.final:,} of {progress.total:,} finished ({shares}).")
    if campaign.info.state is CampaignState.STOPPED:
        warn("The campaign was stopped before its end. `pamela campaign resume` continues it.")
    elif recipients.get("given_up") and not recipients.get("done"):
        warn("Nobody was reached. `pamela campaign results` shows why.")
    elif not recipients.get("set_aside"):
        return ExitCode.OK
    if recipients.get("set_aside"):
        warn("It is unknown whether the calls that were set aside were placed. Check their results.")
        return ExitCode.AMBIGUOUS
    return ExitCode.FAILURE


@campaign.command(
    examples=(
        'pamela campaign add customers.csv --to phone --task "Remind {name}" --name november'
        " --ledger postgresql://pamela@db.example/campaigns",
    ),
)
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--ledger", metavar="LEDGER", required=True, help="A file, or postgresql://user:password@host/name.")
@click.option(
    "--name", metavar="NAME", help="The name of the campaign. It is part of the idempotency keys of the calls."
)
@rows_and_settings
@connection_options
def add(settings: Settings, file: Path | None, ledger: str, name: str | None, **options: Any) -> None:
    """Check a list and add it to a campaign that workers run."""
    refuse_rows_from_two_places(file, options)
    with (
        settings.client() as client,
        make_campaign(client, ledger, default_name(ledger, file) if name is None else name, None, options) as made,
    ):
        show_report(add_rows(made, file, options))


@campaign.command(
    examples=(
        "pamela campaign worker --ledger postgresql://pamela@db.example/campaigns --yes",
        "pamela campaign worker --ledger postgresql://pamela@db.example/campaigns --until-finished --yes",
    ),
)
@click.option("--ledger", metavar="LEDGER", required=True, help="postgresql://user:password@host/name.")
@click.option(
    "--concurrency",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    metavar="N",
    help="Maximum number of requests for calls at the same time.",
)
@click.option("--decide", metavar="MODULE:FUNCTION", help="Your function that decides what to do after each call.")
@click.option("--until-finished", is_flag=True, help="End when all campaigns are finished.")
@click.option("-y", "--yes", is_flag=True, help="Dial without asking.")
@connection_options
@click.pass_context
def worker(
    context: click.Context,
    /,
    settings: Settings,
    ledger: str,
    concurrency: int,
    decide: str | None,
    until_finished: bool,
    yes: bool,
) -> None:
    """Place the calls of all campaigns of a PostgreSQL ledger, together with other workers.

    Add the recipients with `pamela campaign add`. With --until-finished, the exit status is 1 if a campaign
    stopped itself, and 3 if it did because of the key.
    """
    import asyncio

    from pamela.campaigns.worker import Worker

    from .campaign_worker_log import ignore_errors_of_engine, tell_log

    hook: Any = None if decide is None else load(decide, FunctionType)
    with settings.client() as client:
        if not yes and not is_sandbox(client):
            confirm("Place the calls of this ledger for real?", yes=yes, otherwise="The ledger is not worked on")

    async def work() -> list[CampaignHaltedError]:
        asyncio.get_running_loop().set_exception_handler(ignore_errors_of_engine)
        async with settings.async_client() as client:
            working = Worker(client, ledger, concurrency=concurrency, decide=hook, until_finished=until_finished)
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, working.stop)
            say("Working. Ctrl-C stops it. Calls in progress continue.", dim=True)
            await working.run()
            return list(working.halted.values())

    tell_log()
    halted = asyncio.run(work())
    if until_finished and halted:  # the reason has been printed
        context.exit(ExitCode.AUTHENTICATION if any(each.key_refused for each in halted) else ExitCode.FAILURE)


def refuse_missing_ledger(address: str) -> None:
    """Refuse a missing file, or one that is not a ledger, because opening it would create an empty ledger."""
    if "://" in address:
        return
    try:
        is_there = Path(address).is_file()
    except OSError:  # the name is too long for a file
        is_there = False
    if not is_there:
        raise CommandError(f"There is no ledger {address:.200}.", ExitCode.NOT_FOUND)
    if not has_ledger(Path(address)):
        raise CommandError(f"{address} is not a ledger.", ExitCode.NOT_FOUND)


def has_ledger(path: Path) -> bool:
    """Return whether a file is a ledger. True also if it cannot be read, because opening it raises the right error."""
    import sqlite3
    from contextlib import closing

    from pamela.campaigns.ledger.schema import LEDGER

    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            query = "SELECT 1 FROM sqlite_master WHERE name = ?"
            return connection.execute(query, (LEDGER.name,)).fetchone() is not None
    except sqlite3.Error:
        return True


def find_campaign(ledger: Ledger, name: str | None) -> CampaignInfo:
    """Return the campaign of this name, or the only one."""
    with as_usage_errors():
        return ledger.campaign(name)


@contextmanager
def opened_ledger(address: str, *, must_exist: bool = False) -> Iterator[Ledger]:
    """Open a ledger, and close it at the end."""
    from pamela.campaigns import Ledger

    if must_exist:
        refuse_missing_ledger(address)
    ledger = Ledger(address)
    try:
        yield ledger
    finally:
        ledger.close()


@campaign.command(examples=("pamela campaign status orders.db", "pamela campaign status orders.db --json"))
@ledger_argument
@name_option
@output_options
def status(ledger: str, name: str | None, output: Output) -> None:
    """Show the progress of the campaigns of a ledger."""
    with opened_ledger(ledger, must_exist=True) as opened:
        found = [find_campaign(opened, name)] if name is not None else opened.campaigns()
        rows = [status_row(opened, each) for each in found]
    if len(rows) == 1:
        output.record(rows[0], STATUS_COLUMNS, rows[0])
    else:
        output.rows(rows, STATUS_COLUMNS, rows[0] if rows else ())


def status_row(ledger: Ledger, info: CampaignInfo) -> dict[str, Any]:
    progress = ledger.progress(info.id)
    return {
        "name": info.name,
        "state": str(info.state),
        "reason": info.reason,
        "trouble": info.trouble,
        "recipients": progress.total,
        "finished": progress.final,
        "live": progress.live,
        "waiting": progress.recipients.get("waiting", 0),
        "placed": progress.placed,
        **{outcome: progress.outcomes.get(outcome, 0) for outcome in ("completed", "not_reached", "broken_off")},
        "minutes_billed": progress.minutes_billed,
        "created_at": info.created_at.isoformat(),
        "in_state": dict(progress.recipients),
        "waiting_until": {when.isoformat(): count for when, count in progress.waiting_until.items()},
    }


def change_state(ledger: str, name: str | None, change: Callable[[Ledger, int], None]) -> tuple[CampaignInfo, str]:
    """Change the state of a campaign. Return the campaign, and the ledger's name without its password."""
    with opened_ledger(ledger, must_exist=True) as opened:
        info = find_campaign(opened, name)
        change(opened, info.id)
        return info, opened.name


@campaign.command(examples=("pamela campaign pause orders.db",))
@ledger_argument
@name_option
def pause(ledger: str, name: str | None) -> None:
    """Place no more calls until `resume`, in all processes that run the campaign."""
    info, _ = change_state(ledger, name, lambda opened, id_: opened.pause(id_))
    say(f"{info.name} is paused. Calls in progress continue.")


@campaign.command(examples=("pamela campaign resume orders.db",))
@ledger_argument
@name_option
def resume(ledger: str, name: str | None) -> None:
    """Continue a campaign that was paused, was stopped or stopped itself."""
    info, shown = change_state(ledger, name, lambda opened, id_: opened.resume(id_))
    say(f"{info.name} continues. If no process runs it: pamela campaign run --ledger {shown}")


@campaign.command(examples=("pamela campaign stop orders.db",))
@ledger_argument
@name_option
def stop(ledger: str, name: str | None) -> None:
    """Place no more calls. The processes that run the campaign end when all calls in progress have ended."""
    info, _ = change_state(ledger, name, lambda opened, id_: opened.stop(id_))
    say(f"{info.name} is stopped.")


@campaign.command(
    examples=("pamela campaign results orders.db --out results.csv", "pamela campaign results orders.db --jsonl"),
)
@ledger_argument
@name_option
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file whose name ends with .csv, .jsonl or .parquet.",
)
@output_options
def results(ledger: str, name: str | None, out: Path | None, output: Output) -> None:
    """Write the results of all finished recipients."""
    from pamela.campaigns import CampaignResult, write_results
    from pamela.campaigns.results import COLUMNS

    with opened_ledger(ledger, must_exist=True) as opened:
        found = map(CampaignResult.from_row, opened.results(find_campaign(opened, name).id))
        if out is not None:
            say(f"{write_results(out, found):,} results in {out}.")
            return
        whole = output.format in {"json", "jsonl"}
        rows = (result.to_dict() if whole else result.to_row() for result in found)
        output.rows(rows, COLUMNS, (*COLUMNS, "call"))


@campaign.command(examples=("pamela campaign report orders.db --out report.html",))
@ledger_argument
@name_option
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=Path("report.html"), show_default=True)
def report(ledger: str, name: str | None, out: Path) -> None:
    """Write a report: one HTML file with plots."""
    from pamela.campaigns.report import write_report

    with opened_ledger(ledger, must_exist=True) as opened:
        write_report(out, opened, find_campaign(opened, name))
    say(f"The report is in {out}.")
