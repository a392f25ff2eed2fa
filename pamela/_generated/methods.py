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

        Queue a phone call and return it, usually with the status `queued`. Follow it with `get_call` or with
        webhooks.

        Args:
            to: The number to call, in E.164 form.
            task: What the agent should achieve, in plain words.
            country: The country of the number, as an ISO 3166-1 alpha-2 code.
            locale: The language of the call, as a BCP 47 tag.
            instructions: More instructions for the agent, such as how to behave or what not to mention.
            max_duration_seconds: Maximum duration of the call in seconds, 1 to 3600. The default is 299.
            voice: The voice of the agent.
            agent_name: The name with which the agent introduces itself.
            caller_name: The person or company on whose behalf the agent calls.
            metadata: Your own values. The call returns them unchanged.
            tools: Tools that the agent may call during this call only.
            webhooks: Addresses for this call's events and tool invocations. They replace the project's addresses.
            end_user_id: The id of your user or tenant for whom the call is placed.
            idempotency_key: A unique text for what you want done, with at most 255 printable ASCII characters. A
                repeated request with the same key and body changes nothing. It returns 200 and the current state of
                what the first request made. A refused request does not use up its key. The published API does not
                document idempotency keys.

        Returns:
            The new call.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
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

        Return a page of the project's calls, newest first.

        Args:
            status: A synonym of `status_filter`. Pass only one of the two.
            status_filter: Return only calls with this status.
            limit: Number of calls in a page, 1 to 100. The default is 50.
            offset: Number of calls to skip. The default is 0.
            start_date: Return only calls created at this time or later. A date means the start of that day. A time
                without an offset is UTC.
            end_date: Return only calls created before this time. A date means the start of that day. A time without
                an offset is UTC.

        Returns:
            A page of calls, newest first.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
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
        """Iterate over all matching calls. Only one page is in memory at a time.

        Args:
            status: A synonym of `status_filter`. Pass only one of the two.
            status_filter: Return only calls with this status.
            limit: Number of calls to request at a time. The default is 100.
            offset: Number of calls to skip. The default is 0.
            start_date: Return only calls created at this time or later. A date means the start of that day. A time
                without an offset is UTC.
            end_date: Return only calls created before this time. A date means the start of that day. A time without
                an offset is UTC.

        Returns:
            An iterator of the calls, in the order of `list_calls`. It yields each of them once, even if
            one moves to another page meanwhile.

        Raises:
            ValidationError: An argument is invalid. This error is raised at once, not with the first page.
            PamelaError: A page could not be fetched. This error is raised during the iteration.
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

        Return the call in its current state. The transcript can arrive a few seconds after the call has completed.

        Args:
            call_id: The call's `id`.

        Returns:
            The call.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
        """

        from .api.calls import get_call as _get_call

        return _get_call.sync(self, call_id)

    def cancel_call(self, call_id: str) -> Call:
        """Cancel a call.

        Cancel a call that is queued or ringing. To end a call in progress, use `hangup_call`.

        Args:
            call_id: The call's `id`.

        Returns:
            The call. It may have the fields `id`, `status`, `success` and `message` only.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
        """

        from .api.calls import cancel_call as _cancel_call

        return _cancel_call.sync(self, call_id)

    def hangup_call(self, call_id: str) -> Call:
        """Hang up a call.

        End a call that is in progress. To stop a queued or ringing call, use `cancel_call`.

        Args:
            call_id: The call's `id`.

        Returns:
            The call. It may have the fields `id`, `status`, `success` and `message` only.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
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

        Register a function that the agent may call while it talks. Pamela sends invocations to the call's
        `tool_webhook_url`. If the call has none, they go to the project's tool webhook address.

        Args:
            name: The function's name.
            description: What the function does and when to call it. The agent reads this text.
            input_schema: The function's arguments, as a JSON Schema of type `object`.
            output_schema: The function's result, as a JSON Schema of type `object`.
            timeout_ms: How long the agent waits for the response, in milliseconds. The default is 30000.
            timeout_seconds: A synonym of `timeout_ms`, in seconds. Pass only one of the two.
            idempotency_key: A unique text for what you want done, with at most 255 printable ASCII characters. A
                repeated request with the same key and body changes nothing. It returns 200 and the current state of
                what the first request made. A refused request does not use up its key. The published API does not
                document idempotency keys.

        Returns:
            The new tool.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
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

        Return the project's tools. The body is a list, or an object with the list in `tools`. Accept both.

        Returns:
            The project's tools.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
        """

        from .api.tools import list_tools as _list_tools

        return _list_tools.sync(self)

    def delete_tool(self, tool_id: str) -> ToolDeletion:
        """Delete a tool.

        Deactivate a tool. The agent no longer calls it.

        Args:
            tool_id: The tool's `id`.

        Returns:
            The tool was deactivated.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
        """

        from .api.tools import delete_tool as _delete_tool

        return _delete_tool.sync(self, tool_id)

    def get_usage(self, period: str | None = None) -> Usage:
        """Get usage.

        Return the number of calls and minutes in a UTC calendar month. Only connected calls are billed: those with
        a `started_at`. They count in the month of their `started_at`. A call's `billed_minutes` is its duration,
        rounded up to whole minutes, and at least 1. A billed minute costs 0.10 US dollars.

        Args:
            period: A UTC calendar month, as `YYYY-MM`. The default is the current month.

        Returns:
            The month's usage.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
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

        Queue a phone call and return it, usually with the status `queued`. Follow it with `get_call` or with
        webhooks.

        Args:
            to: The number to call, in E.164 form.
            task: What the agent should achieve, in plain words.
            country: The country of the number, as an ISO 3166-1 alpha-2 code.
            locale: The language of the call, as a BCP 47 tag.
            instructions: More instructions for the agent, such as how to behave or what not to mention.
            max_duration_seconds: Maximum duration of the call in seconds, 1 to 3600. The default is 299.
            voice: The voice of the agent.
            agent_name: The name with which the agent introduces itself.
            caller_name: The person or company on whose behalf the agent calls.
            metadata: Your own values. The call returns them unchanged.
            tools: Tools that the agent may call during this call only.
            webhooks: Addresses for this call's events and tool invocations. They replace the project's addresses.
            end_user_id: The id of your user or tenant for whom the call is placed.
            idempotency_key: A unique text for what you want done, with at most 255 printable ASCII characters. A
                repeated request with the same key and body changes nothing. It returns 200 and the current state of
                what the first request made. A refused request does not use up its key. The published API does not
                document idempotency keys.

        Returns:
            The new call.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
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

        Return a page of the project's calls, newest first.

        Args:
            status: A synonym of `status_filter`. Pass only one of the two.
            status_filter: Return only calls with this status.
            limit: Number of calls in a page, 1 to 100. The default is 50.
            offset: Number of calls to skip. The default is 0.
            start_date: Return only calls created at this time or later. A date means the start of that day. A time
                without an offset is UTC.
            end_date: Return only calls created before this time. A date means the start of that day. A time without
                an offset is UTC.

        Returns:
            A page of calls, newest first.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
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
        """Iterate over all matching calls. Only one page is in memory at a time.

        Args:
            status: A synonym of `status_filter`. Pass only one of the two.
            status_filter: Return only calls with this status.
            limit: Number of calls to request at a time. The default is 100.
            offset: Number of calls to skip. The default is 0.
            start_date: Return only calls created at this time or later. A date means the start of that day. A time
                without an offset is UTC.
            end_date: Return only calls created before this time. A date means the start of that day. A time without
                an offset is UTC.

        Returns:
            An iterator of the calls, in the order of `list_calls`. It yields each of them once, even if
            one moves to another page meanwhile.

        Raises:
            ValidationError: An argument is invalid. This error is raised at once, not with the first page.
            PamelaError: A page could not be fetched. This error is raised during the iteration.
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

        Return the call in its current state. The transcript can arrive a few seconds after the call has completed.

        Args:
            call_id: The call's `id`.

        Returns:
            The call.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
        """

        from .api.calls import get_call as _get_call

        return await _get_call.asyncio(self, call_id)

    async def cancel_call(self, call_id: str) -> Call:
        """Cancel a call.

        Cancel a call that is queued or ringing. To end a call in progress, use `hangup_call`.

        Args:
            call_id: The call's `id`.

        Returns:
            The call. It may have the fields `id`, `status`, `success` and `message` only.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
        """

        from .api.calls import cancel_call as _cancel_call

        return await _cancel_call.asyncio(self, call_id)

    async def hangup_call(self, call_id: str) -> Call:
        """Hang up a call.

        End a call that is in progress. To stop a queued or ringing call, use `cancel_call`.

        Args:
            call_id: The call's `id`.

        Returns:
            The call. It may have the fields `id`, `status`, `success` and `message` only.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
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

        Register a function that the agent may call while it talks. Pamela sends invocations to the call's
        `tool_webhook_url`. If the call has none, they go to the project's tool webhook address.

        Args:
            name: The function's name.
            description: What the function does and when to call it. The agent reads this text.
            input_schema: The function's arguments, as a JSON Schema of type `object`.
            output_schema: The function's result, as a JSON Schema of type `object`.
            timeout_ms: How long the agent waits for the response, in milliseconds. The default is 30000.
            timeout_seconds: A synonym of `timeout_ms`, in seconds. Pass only one of the two.
            idempotency_key: A unique text for what you want done, with at most 255 printable ASCII characters. A
                repeated request with the same key and body changes nothing. It returns 200 and the current state of
                what the first request made. A refused request does not use up its key. The published API does not
                document idempotency keys.

        Returns:
            The new tool.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
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

        Return the project's tools. The body is a list, or an object with the list in `tools`. Accept both.

        Returns:
            The project's tools.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
        """

        from .api.tools import list_tools as _list_tools

        return await _list_tools.asyncio(self)

    async def delete_tool(self, tool_id: str) -> ToolDeletion:
        """Delete a tool.

        Deactivate a tool. The agent no longer calls it.

        Args:
            tool_id: The tool's `id`.

        Returns:
            The tool was deactivated.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
        """

        from .api.tools import delete_tool as _delete_tool

        return await _delete_tool.asyncio(self, tool_id)

    async def get_usage(self, period: str | None = None) -> Usage:
        """Get usage.

        Return the number of calls and minutes in a UTC calendar month. Only connected calls are billed: those with
        a `started_at`. They count in the month of their `started_at`. A call's `billed_minutes` is its duration,
        rounded up to whole minutes, and at least 1. A billed minute costs 0.10 US dollars.

        Args:
            period: A UTC calendar month, as `YYYY-MM`. The default is the current month.

        Returns:
            The month's usage.

        Raises:
            ValidationError: An argument is invalid, or the service refused the request with 400 or 422.
            PamelaError: Any other error. Its subclasses name the kinds.
        """

        from .api.usage import get_usage as _get_usage

        return await _get_usage.asyncio(self, period)
