"""The error texts that the SDK answers to an invocation when the tool itself does not answer."""

UNKNOWN_TOOL = "Unknown tool"
INVALID_ARGUMENTS = "Invalid arguments: "
TOO_LATE = "The tool did not answer in time"
CONFLICT = "The correlation id belongs to another invocation"
INTERRUPTED = "The tool was interrupted"
RESPONSE_DROPPED = "The tool ran already, but its response is no longer there"
FAILED = "The tool failed"

_OF_THE_SDK = (UNKNOWN_TOOL, INVALID_ARGUMENTS, TOO_LATE, CONFLICT, INTERRUPTED, RESPONSE_DROPPED, FAILED)


def is_from_tool(text: str) -> bool:
    """Return whether an error text is the tool's own, the text of a `ToolError`."""
    return not text.startswith(_OF_THE_SDK)
