"""Protection for tests: with `PAMELA_FORBID_LIVE=1` in the environment, no request leaves this machine."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from .._http.addresses import is_loopback
from ..errors import PamelaError

VARIABLE = "PAMELA_FORBID_LIVE"
OFF = frozenset({"", "0", "false", "no", "off"})


def refusal(url: str) -> PamelaError | None:
    """Return the exception for a forbidden request, None for an allowed one.

    The environment is read each time, so that the variable also applies to existing clients.
    """
    if os.environ.get(VARIABLE, "").strip().lower() in OFF:
        return None
    host = urlsplit(url).hostname or ""
    if is_loopback(host):
        return None
    return PamelaError(
        f"Nothing was sent to {host}: {VARIABLE} is set and allows only this machine. Set base_url= or "
        "PAMELA_BASE_URL to the address of a sandbox, or unset it to place real calls."
    )
