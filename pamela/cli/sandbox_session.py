"""A session of listening to a sandbox: sets and restores its addresses, and fetches missed deliveries."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .exit_codes import CommandError, ExitCode
from .project_addresses import SETTINGS, Session, SessionFile, are_set, get_settings, put_settings
from .terminal import say, warn
from .webhook_secret import ask_sandbox_async
from .webhook_server import address_of, bind

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator

    from pamela import AsyncPamelaClient

    from .listening import Listener
    from .settings import Settings

DELIVERIES = "/sandbox/deliveries"
PAGE = 100
HEARTBEAT = 2.0
"""Seconds between two checks of the sandbox for its state and for missed deliveries."""


class SandboxSession:
    """Prepares a sandbox for a listener.

    Args:
        client: A client of the sandbox.
        file: The file of the session.
        listener: Receives the webhooks.
        settings: The connection options.
        with_tools: Whether the listener wants tool invocations, too.
    """

    def __init__(
        self,
        client: AsyncPamelaClient,
        file: SessionFile,
        listener: Listener,
        settings: Settings,
        *,
        with_tools: bool,
    ) -> None:
        self._client = client
        self._settings = settings
        self._file = file
        self._listener = listener
        self._with_tools = with_tools
        self._taken: set[str] = set()
        self._taking = asyncio.Lock()
        self._checked: dict[str, asyncio.Task[int]] = {}
        self._session: Session
        self._was_killed = False

    async def bind(self, host: str, port: int | None) -> socket.socket:
        """Bind a port: the given one, or that of a killed session, or any.

        Raises:
            CommandError: The port is not available.
        """
        killed = self._file.read()
        if port is None and killed is not None:
            try:
                return bind(host, killed.port)
            except CommandError:
                warn(f"Port {killed.port} is in use. Webhooks that are sent to it will arrive late.")
        return bind(host, port or 0)

    async def begin(self, listener_socket: socket.socket) -> None:
        """Store the old addresses, and set the new ones.

        Raises:
            PamelaError: A request to the sandbox failed.
        """
        killed = self._file.read()
        project = await get_settings(self._client)
        self._listener.secrets[:] = [await ask_sandbox_async(self._settings, self._client, project)]
        address = f"{address_of(listener_socket)}/"
        ours = {
            "webhook_url": address,
            "tool_webhook_url": address if self._with_tools else project.get("tool_webhook_url"),
            "webhook_secret": project.get("webhook_secret"),
        }
        before = {name: project.get(name) for name in SETTINGS}
        since = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        if killed is not None:
            self._was_killed = True
            self._listener.before_first = self._take_missed_of_call
            since = killed.since
            if are_set(project, killed.ours):
                before = killed.before
        self._session = Session(before, ours, since, listener_socket.getsockname()[1])
        self._addresses = {ours["webhook_url"], ours["tool_webhook_url"]} - {None}
        if killed is not None:
            self._addresses |= {killed.ours.get("webhook_url"), killed.ours.get("tool_webhook_url")} - {None}
        self._addresses -= {before.get("webhook_url"), before.get("tool_webhook_url")}
        self._file.write(self._session)
        await put_settings(self._client, ours)

    async def catch_up(self) -> None:
        """Handle missed deliveries in their order, then the waiting ones."""
        if self._was_killed:
            say("The last session did not end normally. Catching up...", dim=True)
        taken = 0
        while found := await self._take_missed():
            taken += found
        if self._was_killed:
            coming = await self._still_to_come()
            more = f"; {coming} more are on their way" if coming else ""
            say(f"Caught up with {taken} {'webhook' if taken == 1 else 'webhooks'}{more}.", dim=True)
        self._listener.ready.set()

    async def _still_to_come(self) -> int:
        """Return the number of deliveries that the sandbox will still send by itself."""
        total = 0
        for status in ("waiting", "pending", "sending"):
            page = await self._client.request("GET", DELIVERIES, params={"status": status, "limit": 1})
            total += page["total"]
        return total

    async def watch(self, *, exit_on_disconnect: bool) -> None:
        """Check the sandbox regularly until cancelled.

        Raises:
            CommandError: The sandbox has stopped, and `exit_on_disconnect` is set.
        """
        from pamela import PamelaError

        is_there = True
        while True:
            await asyncio.sleep(HEARTBEAT)
            try:
                project = await get_settings(self._client)
                if not is_there:
                    say("The sandbox is back.")
                is_there = True
                await self._keep_set(project)
                await self._take_missed()
            except PamelaError as error:
                if exit_on_disconnect:
                    raise CommandError(f"The sandbox is gone: {error}", ExitCode.FAILURE) from None
                if is_there:
                    warn(f"The sandbox is gone; waiting for it. {error}")
                is_there = False

    async def end(self) -> None:
        """Restore the old addresses.

        Raises:
            PamelaError: A request to the sandbox failed. The next `pamela listen` restores the addresses.
        """
        project = await get_settings(self._client)
        if are_set(project, self._session.ours):
            await put_settings(self._client, self._session.before)
        self._file.delete()

    async def _keep_set(self, project: dict[str, Any]) -> None:
        if are_set(project, self._session.ours):
            # A user may have changed the secret on purpose.
            if project.get("webhook_secret"):
                self._listener.secrets[:] = [await ask_sandbox_async(self._settings, self._client, project)]
            return
        if project.get("webhook_url") or (self._with_tools and project.get("tool_webhook_url")):
            return
        # The sandbox was restarted or reset, which deleted its settings.
        await put_settings(self._client, self._session.ours)
        say("The sandbox had lost this address. It is set again.", dim=True)

    async def _take_missed_of_call(self, call_id: str) -> None:
        """Handle a call's failed deliveries before its next event.

        The sandbox sends an event after the previous one has failed. That may be just after `catch_up` has ended.
        """
        from pamela import PamelaError

        if call_id not in self._checked:
            self._checked[call_id] = asyncio.create_task(self._take_missed(call_id=call_id))
        with suppress(PamelaError):
            await asyncio.shield(self._checked[call_id])

    async def _take_missed(self, **filters: str) -> int:
        """Handle the deliveries that never reached a listener, oldest first; return their number."""
        async with self._taking:
            return await self._take_missed_in_turn(filters)

    async def _take_missed_in_turn(self, filters: dict[str, str]) -> int:
        taken = 0
        offset: int | None = 0
        missed: list[dict[str, Any]] = []
        while offset is not None:
            params = {"status": "failed", "limit": PAGE, "offset": offset, **filters}
            page = await self._client.request("GET", DELIVERIES, params=params)
            missed += [each for each in page["items"] if self._is_missed(each)]
            offset = page.get("next_offset")
        for delivery in missed:
            self._taken.add(delivery["id"])
            if delivery["kind"] == "event":
                await self._listener.take(_headers(delivery), delivery["body"].encode(), caught_up=True)
                taken += 1
            else:
                self._listener.counts["missed tools"] += 1
                say(f"The tool {delivery['name']} was invoked while nobody listened; the agent continued without it.")
        return taken

    def _is_missed(self, delivery: dict[str, Any]) -> bool:
        return (
            delivery["id"] not in self._taken
            and delivery["url"] in self._addresses
            and delivery["created_at"] >= self._session.since
            and all(attempt["response_status"] is None for attempt in delivery["attempts"])
        )


def _headers(delivery: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    # Each attempt has its own signature; the last one is used.
    return tuple(delivery["attempts"][-1]["request_headers"].items())


@asynccontextmanager
async def held(base_url: str, client: AsyncPamelaClient) -> AsyncIterator[SessionFile]:
    """Lock the session of the client's project.

    Raises:
        CommandError: Another process has locked it.
        PamelaError: A request to the sandbox failed.
    """
    project = await get_settings(client)
    with SessionFile(base_url, project["project_id"]) as file:
        yield file
