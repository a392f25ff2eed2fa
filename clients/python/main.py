"""Place a call, read its transcript, list the tools, get a 404, and read a status that is added later."""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "client"))

from pamela_client import (
    ApiClient,
    Call,
    CallsApi,
    CallStatus,
    Configuration,
    CreateCallRequest,
    RegisterToolRequest,
    ToolDefinition,
    ToolsApi,
    Transcript,
)
from pamela_client.exceptions import NotFoundException

# The generated enumerations refuse unknown values, although they have a member for them.
CallStatus._missing_ = classmethod(lambda cls, value: cls.UNKNOWN_DEFAULT_OPEN_API)
Call.model_rebuild(force=True)


def at(variable: str) -> ApiClient:
    return ApiClient(Configuration(host=os.environ[variable], access_token=os.environ["PAMELA_API_KEY"]))


def lines(transcript: Transcript | None) -> list[str]:
    said = transcript.actual_instance if transcript else []
    return said.splitlines() if isinstance(said, str) else [f"{entry.speaker}: {entry.text}" for entry in said or []]


calls, tools = CallsApi(at("PAMELA_BASE_URL")), ToolsApi(at("PAMELA_BASE_URL"))

request = CreateCallRequest(to="+1234567890", task="Schedule a meeting for next week", voice="female")
call = calls.create_call(request)
while call.status != "completed" or not lines(call.transcript):
    time.sleep(0.1)
    call = calls.get_call(call.id)
assert call.started_at is not None
print(f"transcript: {len(lines(call.transcript))} lines, the first: {lines(call.transcript)[0]}")

tool = ToolDefinition(name="check_order_status", description="Look up an order by ID", input_schema={"type": "object"})
registered = tools.register_tool(RegisterToolRequest(tool=tool))
listed = tools.list_tools().actual_instance
assert any(each.id == registered.tool_id for each in (listed if isinstance(listed, list) else listed.tools))
print("tools: the one registered is listed")

try:
    sys.exit(f"A call that does not exist was found: {calls.get_call('call_0')}")
except NotFoundException as error:
    code = json.loads(error.body)["detail"]["error_code"]
assert code == 7003
print("404: code 7003")

later = CallsApi(at("PAMELA_LATER_URL")).get_call("call_1")
assert later.status is CallStatus.UNKNOWN_DEFAULT_OPEN_API
assert len(lines(later.transcript)) == 1
print(f"a status that is added later: {later.status.value}")
