# Made by `make generate` from openapi.yaml. Do not edit.
"""The operations of the contract: a function each that makes its request, and the same as methods, sync and async."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from .._core import validation as _arguments
from .._core.operation import Answer, Operation, Request
from .models.call import Call
from .models.call_page import CallPage
from .models.tool import Tool
from .models.tool_deletion import ToolDeletion
from .models.tool_list import ToolList
from .models.tool_registration import ToolRegistration
from .models.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from .models.call_status import CallStatus
    from .models.call_webhooks import CallWebhooks
    from .models.tool_definition import ToolDefinition
    from .models.voice import Voice

T = TypeVar("T")

DEFAULT_BASE_URL = "https://api.thisispamela.com"
API_VERSION = "1.0.0"


CREATE_CALL: Operation[Call] = Operation("create_call", "POST", "/api/b2b/v1/calls", answer=Answer(model=Call))


def create_call(
    to: str,
    task: str,
    country: str | None = None,
    locale: str | None = None,
    instructions: str | None = None,
    max_duration_seconds: int | None = None,
    voice: Voice | str | None = None,
    agent_name: str | None = None,
    caller_name: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    tools: Sequence[ToolDefinition | Mapping[str, Any]] | None = None,
    webhooks: CallWebhooks | Mapping[str, Any] | None = None,
    end_user_id: str | None = None,
    *,
    idempotency_key: str | None = None,
) -> Request[Call]:
    """Make the request of POST /api/b2b/v1/calls."""
    return Request(
        CREATE_CALL,
        CREATE_CALL.path,
        headers={
            "Idempotency-Key": _arguments.text(
                "idempotency_key",
                idempotency_key,
                min_length=1,
                pattern="^[!-~]([ -~]*[!-~])?$",
                hint="A text of your choice that names what you want done, at most 255 printable ASCII characters. A repeated request with the same key and body does nothing twice: it is answered 200 with what the first made, as it stands now. A refused request does not use up its key. Example: 'order-1042-reminder'.",
            ),
        },
        body={
            "to": _arguments.text(
                "to",
                to,
                required=True,
                pattern="^\\+[1-9][0-9]{1,14}$",
                hint="The number to call, in E.164 form. Example: '+1234567890'.",
            ),
            "task": _arguments.text(
                "task",
                task,
                required=True,
                min_length=1,
                pattern="\\S",
                hint="What the agent is to achieve, in plain words. Example: 'Schedule a meeting for next week'.",
            ),
            "country": _arguments.text(
                "country",
                country,
                pattern="^[A-Za-z]{2}$",
                hint="The country to call in, as ISO 3166-1 alpha-2. Example: 'US'.",
            ),
            "locale": _arguments.text("locale", locale),
            "instructions": _arguments.text("instructions", instructions),
            "max_duration_seconds": _arguments.integer(
                "max_duration_seconds",
                max_duration_seconds,
                minimum=1,
                hint="The call is ended after this many seconds, 1 to 3600.",
            ),
            "voice": _arguments.text("voice", voice),
            "agent_name": _arguments.text("agent_name", agent_name),
            "caller_name": _arguments.text("caller_name", caller_name),
            "metadata": _arguments.json_object("metadata", metadata),
            "tools": _arguments.json_list("tools", tools),
            "webhooks": _arguments.json_object("webhooks", webhooks),
            "end_user_id": _arguments.text("end_user_id", end_user_id),
        },
    )


LIST_CALLS: Operation[CallPage] = Operation("list_calls", "GET", "/api/b2b/v1/calls", answer=Answer(model=CallPage))


def list_calls(
    status: CallStatus | str | None = None,
    status_filter: CallStatus | str | None = None,
    limit: int | None = None,
    offset: int | None = None,
    start_date: datetime | date | str | None = None,
    end_date: datetime | date | str | None = None,
) -> Request[CallPage]:
    """Make the request of GET /api/b2b/v1/calls."""
    status_filter = _arguments.one_of("status_filter", status_filter, "status", status)
    return Request(
        LIST_CALLS,
        LIST_CALLS.path,
        query={
            "status_filter": _arguments.text("status_filter", status_filter),
            "limit": _arguments.integer(
                "limit", limit, minimum=1, hint="How many calls a page has, 1 to 100; 50 if absent. Example: 50."
            ),
            "offset": _arguments.integer(
                "offset",
                offset,
                minimum=0,
                hint="How many calls to pass over before the page begins; 0 if absent. Example: 0.",
            ),
            "start_date": _arguments.moment("start_date", start_date),
            "end_date": _arguments.moment("end_date", end_date),
        },
    )


class ListCallsArguments(TypedDict, total=False):
    """The arguments of `list_calls`, for functions that pass them on."""

    status: CallStatus | str | None
    status_filter: CallStatus | str | None
    limit: int | None
    offset: int | None
    start_date: datetime | date | str | None
    end_date: datetime | date | str | None


GET_CALL: Operation[Call] = Operation("get_call", "GET", "/api/b2b/v1/calls/{call_id}", answer=Answer(model=Call))


def get_call(
    call_id: str,
) -> Request[Call]:
    """Make the request of GET /api/b2b/v1/calls/{call_id}."""
    return Request(
        GET_CALL,
        _arguments.path(
            GET_CALL.path,
            {
                "call_id": _arguments.text(
                    "call_id", call_id, required=True, min_length=1, hint="The call's `id`. Example: 'call_8Zk2vQ'."
                )
            },
        ),
    )


CANCEL_CALL: Operation[Call] = Operation(
    "cancel_call", "POST", "/api/b2b/v1/calls/{call_id}/cancel", answer=Answer(model=Call), idempotent=True
)


def cancel_call(
    call_id: str,
) -> Request[Call]:
    """Make the request of POST /api/b2b/v1/calls/{call_id}/cancel."""
    return Request(
        CANCEL_CALL,
        _arguments.path(
            CANCEL_CALL.path,
            {
                "call_id": _arguments.text(
                    "call_id", call_id, required=True, min_length=1, hint="The call's `id`. Example: 'call_8Zk2vQ'."
                )
            },
        ),
    )


HANGUP_CALL: Operation[Call] = Operation(
    "hangup_call", "POST", "/api/b2b/v1/calls/{call_id}/hangup", answer=Answer(model=Call), idempotent=True
)


def hangup_call(
    call_id: str,
) -> Request[Call]:
    """Make the request of POST /api/b2b/v1/calls/{call_id}/hangup."""
    return Request(
        HANGUP_CALL,
        _arguments.path(
            HANGUP_CALL.path,
            {
                "call_id": _arguments.text(
                    "call_id", call_id, required=True, min_length=1, hint="The call's `id`. Example: 'call_8Zk2vQ'."
                )
            },
        ),
    )


REGISTER_TOOL: Operation[ToolRegistration] = Operation(
    "register_tool", "POST", "/api/b2b/v1/tools", answer=Answer(model=ToolRegistration)
)


def register_tool(
    name: str,
    description: str,
    input_schema: Mapping[str, Any],
    output_schema: Mapping[str, Any] | None = None,
    timeout_ms: int | None = None,
    *,
    timeout_seconds: float | None = None,
    idempotency_key: str | None = None,
) -> Request[ToolRegistration]:
    """Make the request of POST /api/b2b/v1/tools."""
    timeout_ms = _arguments.one_of("timeout_ms", timeout_ms, "timeout_seconds", timeout_seconds, scale=1000)
    return Request(
        REGISTER_TOOL,
        REGISTER_TOOL.path,
        headers={
            "Idempotency-Key": _arguments.text(
                "idempotency_key",
                idempotency_key,
                min_length=1,
                pattern="^[!-~]([ -~]*[!-~])?$",
                hint="A text of your choice that names what you want done, at most 255 printable ASCII characters. A repeated request with the same key and body does nothing twice: it is answered 200 with what the first made, as it stands now. A refused request does not use up its key. Example: 'order-1042-reminder'.",
            ),
        },
        wrapper="tool",
        body={
            "name": _arguments.text(
                "name",
                name,
                required=True,
                min_length=1,
                pattern="\\S",
                hint="The function's name. Example: 'check_order_status'.",
            ),
            "description": _arguments.text("description", description, required=True),
            "input_schema": _arguments.json_object("input_schema", input_schema, required=True),
            "output_schema": _arguments.json_object("output_schema", output_schema),
            "timeout_ms": _arguments.integer(
                "timeout_ms", timeout_ms, minimum=1, hint="How long the agent waits for an answer, in milliseconds."
            ),
        },
    )


LIST_TOOLS: Operation[ToolList | list[Tool]] = Operation(
    "list_tools", "GET", "/api/b2b/v1/tools", answer=Answer(model=ToolList, items=Tool)
)


def list_tools() -> Request[ToolList | list[Tool]]:
    """Make the request of GET /api/b2b/v1/tools."""
    return Request(
        LIST_TOOLS,
        LIST_TOOLS.path,
    )


DELETE_TOOL: Operation[ToolDeletion] = Operation(
    "delete_tool", "DELETE", "/api/b2b/v1/tools/{tool_id}", answer=Answer(model=ToolDeletion)
)


def delete_tool(
    tool_id: str,
) -> Request[ToolDeletion]:
    """Make the request of DELETE /api/b2b/v1/tools/{tool_id}."""
    return Request(
        DELETE_TOOL,
        _arguments.path(
            DELETE_TOOL.path,
            {
                "tool_id": _arguments.text(
                    "tool_id", tool_id, required=True, min_length=1, hint="The tool's `id`. Example: 'tool_4fTq9s'."
                )
            },
        ),
    )


GET_USAGE: Operation[Usage] = Operation("get_usage", "GET", "/api/b2b/v1/usage", answer=Answer(model=Usage))


def get_usage(
    period: str | None = None,
) -> Request[Usage]:
    """Make the request of GET /api/b2b/v1/usage."""
    return Request(
        GET_USAGE,
        GET_USAGE.path,
        query={
            "period": _arguments.text(
                "period",
                period,
                pattern="^[0-9]{4}-(0[1-9]|1[0-2])$",
                hint="The UTC calendar month, `YYYY-MM`; the current one if absent. Example: '2026-03'.",
            ),
        },
    )


class GetUsageArguments(TypedDict, total=False):
    """The arguments of `get_usage`, for functions that pass them on."""

    period: str | None


class Operations:
    """The operations as methods."""

    def _send(self, request: Request[T]) -> T:
        raise NotImplementedError

    def create_call(
        self,
        to: str,
        task: str,
        country: str | None = None,
        locale: str | None = None,
        instructions: str | None = None,
        max_duration_seconds: int | None = None,
        voice: Voice | str | None = None,
        agent_name: str | None = None,
        caller_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tools: Sequence[ToolDefinition | Mapping[str, Any]] | None = None,
        webhooks: CallWebhooks | Mapping[str, Any] | None = None,
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
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return self._send(
            create_call(
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
        )

    def list_calls(
        self,
        status: CallStatus | str | None = None,
        status_filter: CallStatus | str | None = None,
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
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return self._send(
            list_calls(
                status,
                status_filter,
                limit,
                offset,
                start_date,
                end_date,
            )
        )

    def get_call(
        self,
        call_id: str,
    ) -> Call:
        """Get a call.

        Gives the call with all it has so far. The transcript can arrive a few seconds after the call has completed.

        Args:
            call_id: The call's `id`.

        Returns:
            The call.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return self._send(
            get_call(
                call_id,
            )
        )

    def cancel_call(
        self,
        call_id: str,
    ) -> Call:
        """Cancel a call.

        Stops a call that is queued or ringing. To end one in progress, hang it up.

        Args:
            call_id: The call's `id`.

        Returns:
            The call, whole or in its short form.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return self._send(
            cancel_call(
                call_id,
            )
        )

    def hangup_call(
        self,
        call_id: str,
    ) -> Call:
        """Hang up a call.

        Ends a call that is in progress. To stop one that is queued or ringing, cancel it.

        Args:
            call_id: The call's `id`.

        Returns:
            The call, whole or in its short form.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return self._send(
            hangup_call(
                call_id,
            )
        )

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
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return self._send(
            register_tool(
                name,
                description,
                input_schema,
                output_schema,
                timeout_ms,
                timeout_seconds=timeout_seconds,
                idempotency_key=idempotency_key,
            )
        )

    def list_tools(
        self,
    ) -> ToolList | list[Tool]:
        """List tools.

        Gives the project's tools. The service answers a bare list or an object around it; accept both.

        Returns:
            The tools.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return self._send(list_tools())

    def delete_tool(
        self,
        tool_id: str,
    ) -> ToolDeletion:
        """Delete a tool.

        Deactivates the tool. The agent stops calling it.

        Args:
            tool_id: The tool's `id`.

        Returns:
            The tool is deactivated.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return self._send(
            delete_tool(
                tool_id,
            )
        )

    def get_usage(
        self,
        period: str | None = None,
    ) -> Usage:
        """Get usage.

        Gives the calls and minutes of a UTC calendar month. Only calls that connected (have a `started_at`) are
        billed, in the month of their `started_at`: a call's `billed_minutes` is its duration in minutes rounded up,
        and at least 1. A billed minute costs 0.10 US dollars.

        Args:
            period: The UTC calendar month, `YYYY-MM`; the current one if absent.

        Returns:
            The month's usage.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return self._send(
            get_usage(
                period,
            )
        )


class AsyncOperations:
    """The operations as coroutine methods."""

    async def _send(self, request: Request[T]) -> T:
        raise NotImplementedError

    async def create_call(
        self,
        to: str,
        task: str,
        country: str | None = None,
        locale: str | None = None,
        instructions: str | None = None,
        max_duration_seconds: int | None = None,
        voice: Voice | str | None = None,
        agent_name: str | None = None,
        caller_name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        tools: Sequence[ToolDefinition | Mapping[str, Any]] | None = None,
        webhooks: CallWebhooks | Mapping[str, Any] | None = None,
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
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return await self._send(
            create_call(
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
        )

    async def list_calls(
        self,
        status: CallStatus | str | None = None,
        status_filter: CallStatus | str | None = None,
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
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return await self._send(
            list_calls(
                status,
                status_filter,
                limit,
                offset,
                start_date,
                end_date,
            )
        )

    async def get_call(
        self,
        call_id: str,
    ) -> Call:
        """Get a call.

        Gives the call with all it has so far. The transcript can arrive a few seconds after the call has completed.

        Args:
            call_id: The call's `id`.

        Returns:
            The call.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return await self._send(
            get_call(
                call_id,
            )
        )

    async def cancel_call(
        self,
        call_id: str,
    ) -> Call:
        """Cancel a call.

        Stops a call that is queued or ringing. To end one in progress, hang it up.

        Args:
            call_id: The call's `id`.

        Returns:
            The call, whole or in its short form.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return await self._send(
            cancel_call(
                call_id,
            )
        )

    async def hangup_call(
        self,
        call_id: str,
    ) -> Call:
        """Hang up a call.

        Ends a call that is in progress. To stop one that is queued or ringing, cancel it.

        Args:
            call_id: The call's `id`.

        Returns:
            The call, whole or in its short form.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return await self._send(
            hangup_call(
                call_id,
            )
        )

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
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return await self._send(
            register_tool(
                name,
                description,
                input_schema,
                output_schema,
                timeout_ms,
                timeout_seconds=timeout_seconds,
                idempotency_key=idempotency_key,
            )
        )

    async def list_tools(
        self,
    ) -> ToolList | list[Tool]:
        """List tools.

        Gives the project's tools. The service answers a bare list or an object around it; accept both.

        Returns:
            The tools.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return await self._send(list_tools())

    async def delete_tool(
        self,
        tool_id: str,
    ) -> ToolDeletion:
        """Delete a tool.

        Deactivates the tool. The agent stops calling it.

        Args:
            tool_id: The tool's `id`.

        Returns:
            The tool is deactivated.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return await self._send(
            delete_tool(
                tool_id,
            )
        )

    async def get_usage(
        self,
        period: str | None = None,
    ) -> Usage:
        """Get usage.

        Gives the calls and minutes of a UTC calendar month. Only calls that connected (have a `started_at`) are
        billed, in the month of their `started_at`: a call's `billed_minutes` is its duration in minutes rounded up,
        and at least 1. A billed minute costs 0.10 US dollars.

        Args:
            period: The UTC calendar month, `YYYY-MM`; the current one if absent.

        Returns:
            The month's usage.

        Raises:
            ValidationError: An argument cannot be right, or the service refused the request with 400 or 422.
            PamelaError: Anything else went wrong; its subclasses say what.
        """

        return await self._send(
            get_usage(
                period,
            )
        )
