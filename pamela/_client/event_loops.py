"""The warning that the sync client blocks an event loop."""

from __future__ import annotations

import sys
import warnings

_has_warned = False


def warn_in_event_loop() -> None:
    """Warn once per process that the sync client blocks an event loop. In a notebook, the loop does not matter."""
    global _has_warned
    asyncio = sys.modules.get("asyncio")
    if _has_warned or asyncio is None or asyncio._get_running_loop() is None or "ipykernel" in sys.modules:
        return
    _has_warned = True
    warnings.warn(
        "PamelaClient is used inside a running event loop and blocks it. Use AsyncPamelaClient and await its methods, "
        "or call PamelaClient in a thread: await asyncio.to_thread(client.create_call, ...).",
        RuntimeWarning,
        stacklevel=depth_in_package(),
    )


def depth_in_package() -> int:
    """Return the number of this package's frames above the caller's program, including this one."""
    frame, depth = sys._getframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith("pamela."):
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
    return depth
