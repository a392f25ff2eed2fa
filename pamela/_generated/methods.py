# Made by `make generate` from openapi.yaml. Do not edit.
"""The operations as methods of `PamelaClient` and `AsyncPamelaClient`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from .._core.operation import Request
    from .._core.pagination import Pages
    from .models.call import Call
    from .models.call_page import CallPage
    from .models.call_status import CallStatus
    from .models.call_webhooks import CallWebhooks
    from .models.tool import Tool
    from .models.tool_definition import ToolDefinition
    from .models.tool_deletion import ToolDeletion
    from .models.tool_registration import ToolRegistration
    from .models.usage import Usage
    from .models.voice import Voice
    from .types import CallStatusName, CallWebhooksDict, ToolDefinitionDict, VoiceName

    T = TypeVar("T")


class OperationMethods:
    """The operations as methods."""

    def _execute(self, request: Request[T]) -> T:
        raise NotImplementedError

    def _iterate(self, pages: Pages[T]) -> Iterator[T]:
        while pages.next is not None:
            yield from pages.take(self._execute(pages.next))

    def create_call(
        self,
        to: str,
        task: str,
        country: str | None = None,
        locale: str | None = None,
        instructions: str | None = None,
        max_duration_seconds: int | None = None,
        voice: Voice | VoiceName | str | None = None,
        agent_name: str | None = None,
        caller_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tools: Sequence[ToolDefinition | ToolDefinitionDict | Mapping[str, Any]] | None = None,
        webhooks: CallWebhooks | CallWebhooksDict | Mapping[str, Any] | None = None,
        end_user_id: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Call:
        """Place a call.

        Queues a phone call. The answer is the call as it stands, normally `queued`; follow it with `get_call` or by
        webhook.

        Args:
            to: The number to call, in E.164 form.
            task: What the agent is to achieve, in plain words.
            country: The country to call in, as ISO 3166-1 alpha-2.
            locale: The language to speak, as a BCP 47 tag.
            instructions: More for the agent to know; how to behave, say, or what not to mention.
            max_duration_seconds: The call is ended after this many seconds, 1 to 3600.
            voice: The agent's voice.
            agent_name: The name by which the agent introduces itself.
            caller_name: The person or company on whose behalf the agent calls.
            metadata: Your own values. They come back with the call.
            tools: Tools for this call only.
            webhooks: Where this call's events and tool invocations go, instead of the project's addresses.
            end_user_id: Your own user or tenant for whom the call is placed.
            idempotency_key: A text of your choice that names what you want done, at most 255 printable ASCII
                characters. A repeated request with the same key and body does nothing twice: it is answered 200 with
                what the first made, as it stands now. A refused request does not use up its key.

        Returns:
            The call, placed.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import create_call as _create_call

        return _create_call.sync(
            self,
            to,
            task,
            country,
            locale,
            instructions,
            max_duration_seconds,
            voice,
            agent_name,
            caller_name,
            metadata,
            tools,
            webhooks,
            end_user_id,
            idempotency_key=idempotency_key,
        )

    def list_calls(
        self,
        status: CallStatus | CallStatusName | str | None = None,
        status_filter: CallStatus | CallStatusName | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
    ) -> CallPage:
        """List calls.

        Gives a page of the project's calls, the newest first.

        Args:
            status: The same as `status_filter`; give one of them.
            status_filter: Only calls with this status.
            limit: How many calls a page has, 1 to 100; 50 if absent.
            offset: How many calls to pass over before the page begins; 0 if absent.
            start_date: Only calls created at this moment or later. A date means its start, and what has no offset
                means UTC.
            end_date: Only calls created before this moment. A date means its start, and what has no offset means
                UTC.

        Returns:
            A page of calls.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import list_calls as _list_calls

        return _list_calls.sync(self, status, status_filter, limit, offset, start_date, end_date)

    def iter_calls(
        self,
        *,
        status: CallStatus | CallStatusName | str | None = None,
        status_filter: CallStatus | CallStatusName | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
    ) -> Iterator[Call]:
        """Go through all calls that match, page by page, with one page in memory.

        Args:
            status: The same as `status_filter`; give one of them.
            status_filter: Only calls with this status.
            limit: How many calls to ask for at a time; 100 if absent.
            offset: How many calls to pass over before the page begins; 0 if absent.
            start_date: Only calls created at this moment or later. A date means its start, and what has no offset
                means UTC.
            end_date: Only calls created before this moment. A date means its start, and what has no offset means
                UTC.

        Returns:
            The calls, in the order of `list_calls`. One that moves to the next page while they are read comes once.

        Raises:
            ValidationError: Invalid argument. It is raised at once, not at the first page.
            PamelaError: A page could not be fetched.
        """

        from .._core.pagination import OffsetPages
        from .api.calls import list_calls as _list_calls

        pages: Pages[Call] = OffsetPages(
            _list_calls.build_request,
            {
                "status": status,
                "status_filter": status_filter,
                "limit": limit,
                "offset": offset,
                "start_date": start_date,
                "end_date": end_date,
            },
            start="offset",
            items="items",
            following="next_offset",
            size=("limit", 100),
        )
        return self._iterate(pages)

    def get_call(self, call_id: str) -> Call:
        """Get a call.

        Gives the call with all it has so far. The transcript can arrive a few seconds after the call has completed.

        Args:
            call_id: The call's `id`.

        Returns:
            The call.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import get_call as _get_call

        return _get_call.sync(self, call_id)

    def cancel_call(self, call_id: str) -> Call:
        """Cancel a call.

        Stops a call that is queued or ringing. To end one in progress, hang it up.

        Args:
            call_id: The call's `id`.

        Returns:
            The call, whole or in its short form.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import cancel_call as _cancel_call

        return _cancel_call.sync(self, call_id)

    def hangup_call(self, call_id: str) -> Call:
        """Hang up a call.

        Ends a call that is in progress. To stop one that is queued or ringing, cancel it.

        Args:
            call_id: The call's `id`.

        Returns:
            The call, whole or in its short form.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import hangup_call as _hangup_call

        return _hangup_call.sync(self, call_id)

    def register_tool(
        self,
        name: str,
        description: str,
        input_schema: Mapping[str, Any],
        output_schema: Mapping[str, Any] | None = None,
        timeout_ms: int | None = None,
        *,
        timeout_seconds: float | None = None,
        idempotency_key: str | None = None,
    ) -> ToolRegistration:
        """Register a tool.

        Adds a function of yours that the agent may call while it talks. Invocations go to the tool webhook address
        of the call, or else of the project.

        Args:
            name: The function's name.
            description: What the function does and when to call it; the agent reads this.
            input_schema: The arguments.
            output_schema: The result.
            timeout_ms: How long the agent waits for an answer, in milliseconds.
            timeout_seconds: The same as `timeout_ms`, in seconds; give one of them.
            idempotency_key: A text of your choice that names what you want done, at most 255 printable ASCII
                characters. A repeated request with the same key and body does nothing twice: it is answered 200 with
                what the first made, as it stands now. A refused request does not use up its key.

        Returns:
            The tool, registered.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.tools import register_tool as _register_tool

        return _register_tool.sync(
            self,
            name,
            description,
            input_schema,
            output_schema,
            timeout_ms,
            timeout_seconds=timeout_seconds,
            idempotency_key=idempotency_key,
        )

    def list_tools(self) -> list[Tool]:
        """List tools.

        Gives the project's tools. The service answers a bare list or an object around it; accept both.

        Returns:
            The tools.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.tools import list_tools as _list_tools

        return _list_tools.sync(self)

    def delete_tool(self, tool_id: str) -> ToolDeletion:
        """Delete a tool.

        Deactivates the tool. The agent stops calling it.

        Args:
            tool_id: The tool's `id`.

        Returns:
            The tool is deactivated.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.tools import delete_tool as _delete_tool

        return _delete_tool.sync(self, tool_id)

    def get_usage(self, period: str | None = None) -> Usage:
        """Get usage.

        Gives the calls and minutes of a UTC calendar month. Only calls that connected (have a `started_at`) are
        billed, in the month of their `started_at`: a call's `billed_minutes` is its duration in minutes rounded up,
        and at least 1. A billed minute costs 0.10 US dollars.

        Args:
            period: The UTC calendar month, `YYYY-MM`; the current one if absent.

        Returns:
            The month's usage.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.usage import get_usage as _get_usage

        return _get_usage.sync(self, period)


class AsyncOperationMethods:
    """The operations as coroutine methods."""

    async def _execute(self, request: Request[T]) -> T:
        raise NotImplementedError

    async def _iterate(self, pages: Pages[T]) -> AsyncIterator[T]:
        while pages.next is not None:
            for item in pages.take(await self._execute(pages.next)):
                yield item

    async def create_call(
        self,
        to: str,
        task: str,
        country: str | None = None,
        locale: str | None = None,
        instructions: str | None = None,
        max_duration_seconds: int | None = None,
        voice: Voice | VoiceName | str | None = None,
        agent_name: str | None = None,
        caller_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tools: Sequence[ToolDefinition | ToolDefinitionDict | Mapping[str, Any]] | None = None,
        webhooks: CallWebhooks | CallWebhooksDict | Mapping[str, Any] | None = None,
        end_user_id: str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Call:
        """Place a call.

        Queues a phone call. The answer is the call as it stands, normally `queued`; follow it with `get_call` or by
        webhook.

        Args:
            to: The number to call, in E.164 form.
            task: What the agent is to achieve, in plain words.
            country: The country to call in, as ISO 3166-1 alpha-2.
            locale: The language to speak, as a BCP 47 tag.
            instructions: More for the agent to know; how to behave, say, or what not to mention.
            max_duration_seconds: The call is ended after this many seconds, 1 to 3600.
            voice: The agent's voice.
            agent_name: The name by which the agent introduces itself.
            caller_name: The person or company on whose behalf the agent calls.
            metadata: Your own values. They come back with the call.
            tools: Tools for this call only.
            webhooks: Where this call's events and tool invocations go, instead of the project's addresses.
            end_user_id: Your own user or tenant for whom the call is placed.
            idempotency_key: A text of your choice that names what you want done, at most 255 printable ASCII
                characters. A repeated request with the same key and body does nothing twice: it is answered 200 with
                what the first made, as it stands now. A refused request does not use up its key.

        Returns:
            The call, placed.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import create_call as _create_call

        return await _create_call.asyncio(
            self,
            to,
            task,
            country,
            locale,
            instructions,
            max_duration_seconds,
            voice,
            agent_name,
            caller_name,
            metadata,
            tools,
            webhooks,
            end_user_id,
            idempotency_key=idempotency_key,
        )

    async def list_calls(
        self,
        status: CallStatus | CallStatusName | str | None = None,
        status_filter: CallStatus | CallStatusName | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
    ) -> CallPage:
        """List calls.

        Gives a page of the project's calls, the newest first.

        Args:
            status: The same as `status_filter`; give one of them.
            status_filter: Only calls with this status.
            limit: How many calls a page has, 1 to 100; 50 if absent.
            offset: How many calls to pass over before the page begins; 0 if absent.
            start_date: Only calls created at this moment or later. A date means its start, and what has no offset
                means UTC.
            end_date: Only calls created before this moment. A date means its start, and what has no offset means
                UTC.

        Returns:
            A page of calls.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import list_calls as _list_calls

        return await _list_calls.asyncio(self, status, status_filter, limit, offset, start_date, end_date)

    def iter_calls(
        self,
        *,
        status: CallStatus | CallStatusName | str | None = None,
        status_filter: CallStatus | CallStatusName | str | None = None,
        limit: int | None = None,
        offset: int | None = None,
        start_date: datetime | date | str | None = None,
        end_date: datetime | date | str | None = None,
    ) -> AsyncIterator[Call]:
        """Go through all calls that match, page by page, with one page in memory.

        Args:
            status: The same as `status_filter`; give one of them.
            status_filter: Only calls with this status.
            limit: How many calls to ask for at a time; 100 if absent.
            offset: How many calls to pass over before the page begins; 0 if absent.
            start_date: Only calls created at this moment or later. A date means its start, and what has no offset
                means UTC.
            end_date: Only calls created before this moment. A date means its start, and what has no offset means
                UTC.

        Returns:
            The calls, in the order of `list_calls`. One that moves to the next page while they are read comes once.

        Raises:
            ValidationError: Invalid argument. It is raised at once, not at the first page.
            PamelaError: A page could not be fetched.
        """

        from .._core.pagination import OffsetPages
        from .api.calls import list_calls as _list_calls

        pages: Pages[Call] = OffsetPages(
            _list_calls.build_request,
            {
                "status": status,
                "status_filter": status_filter,
                "limit": limit,
                "offset": offset,
                "start_date": start_date,
                "end_date": end_date,
            },
            start="offset",
            items="items",
            following="next_offset",
            size=("limit", 100),
        )
        return self._iterate(pages)

    async def get_call(self, call_id: str) -> Call:
        """Get a call.

        Gives the call with all it has so far. The transcript can arrive a few seconds after the call has completed.

        Args:
            call_id: The call's `id`.

        Returns:
            The call.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import get_call as _get_call

        return await _get_call.asyncio(self, call_id)

    async def cancel_call(self, call_id: str) -> Call:
        """Cancel a call.

        Stops a call that is queued or ringing. To end one in progress, hang it up.

        Args:
            call_id: The call's `id`.

        Returns:
            The call, whole or in its short form.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import cancel_call as _cancel_call

        return await _cancel_call.asyncio(self, call_id)

    async def hangup_call(self, call_id: str) -> Call:
        """Hang up a call.

        Ends a call that is in progress. To stop one that is queued or ringing, cancel it.

        Args:
            call_id: The call's `id`.

        Returns:
            The call, whole or in its short form.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.calls import hangup_call as _hangup_call

        return await _hangup_call.asyncio(self, call_id)

    async def register_tool(
        self,
        name: str,
        description: str,
        input_schema: Mapping[str, Any],
        output_schema: Mapping[str, Any] | None = None,
        timeout_ms: int | None = None,
        *,
        timeout_seconds: float | None = None,
        idempotency_key: str | None = None,
    ) -> ToolRegistration:
        """Register a tool.

        Adds a function of yours that the agent may call while it talks. Invocations go to the tool webhook address
        of the call, or else of the project.

        Args:
            name: The function's name.
            description: What the function does and when to call it; the agent reads this.
            input_schema: The arguments.
            output_schema: The result.
            timeout_ms: How long the agent waits for an answer, in milliseconds.
            timeout_seconds: The same as `timeout_ms`, in seconds; give one of them.
            idempotency_key: A text of your choice that names what you want done, at most 255 printable ASCII
                characters. A repeated request with the same key and body does nothing twice: it is answered 200 with
                what the first made, as it stands now. A refused request does not use up its key.

        Returns:
            The tool, registered.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.tools import register_tool as _register_tool

        return await _register_tool.asyncio(
            self,
            name,
            description,
            input_schema,
            output_schema,
            timeout_ms,
            timeout_seconds=timeout_seconds,
            idempotency_key=idempotency_key,
        )

    async def list_tools(self) -> list[Tool]:
        """List tools.

        Gives the project's tools. The service answers a bare list or an object around it; accept both.

        Returns:
            The tools.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.tools import list_tools as _list_tools

        return await _list_tools.asyncio(self)

    async def delete_tool(self, tool_id: str) -> ToolDeletion:
        """Delete a tool.

        Deactivates the tool. The agent stops calling it.

        Args:
            tool_id: The tool's `id`.

        Returns:
            The tool is deactivated.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.tools import delete_tool as _delete_tool

        return await _delete_tool.asyncio(self, tool_id)

    async def get_usage(self, period: str | None = None) -> Usage:
        """Get usage.

        Gives the calls and minutes of a UTC calendar month. Only calls that connected (have a `started_at`) are
        billed, in the month of their `started_at`: a call's `billed_minutes` is its duration in minutes rounded up,
        and at least 1. A billed minute costs 0.10 US dollars.

        Args:
            period: The UTC calendar month, `YYYY-MM`; the current one if absent.

        Returns:
            The month's usage.

        Raises:
            ValidationError: Invalid argument, or the service refused the request with 400 or 422.
            PamelaError: Any other failure; its subclasses say which.
        """

        from .api.usage import get_usage as _get_usage

        return await _get_usage.asyncio(self, period)
