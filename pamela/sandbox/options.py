"""The settings of a sandbox, with their limits."""

import re
from dataclasses import dataclass, field
from pathlib import Path

_SLOWEST = 0.001
_FASTEST = 1_000_000
_LONGEST_EVENT_TIMEOUT = 3600
_PAGE_TOKEN = "[A-Za-z0-9_-]{16,}"  # noqa: S105 - a pattern

_HOST = {
    "allowed_hosts": r"[\w.-]+(:\d+)?|\[[\da-f:.]+\](:\d+)?|[\da-f.]*(:[\da-f.]*){2,}",
    "webhook_hosts": r"[\w.*?\[\]!-]+|[\da-f.*?]*(:[\da-f.*?]*){2,}",
}

DEFAULT_KEY = "pk_live_sandbox"
DEFAULT_SECRET = "whsec_sandbox"  # noqa: S105 - nothing is protected by it
DEFAULT_KEEP_CALLS = 25_000


@dataclass(frozen=True)
class SandboxOptions:
    """The settings of a sandbox.

    Attributes:
        host: The address to listen on.
        port: The port. 0 takes a free port.
        database: The path of a file for all data. None keeps the data in memory.
        speed: How many times faster than real time the calls are.
        webhook_secret: The secret that signs webhooks.
        event_timeout: How long the receiver of an event may take to respond, in seconds of real time.
        allowed_hosts: Host names that requests may use, besides the loopback names and `host`.
        webhook_hosts: Hosts that may receive webhooks, as names or patterns such as `*.test`. None allows all.
        keep_calls: Maximum number of ended calls to keep. The oldest are deleted first.
        page_token: The token that opens the page from another machine, with all projects. None makes a random token.
    """

    host: str = "127.0.0.1"
    port: int = 0
    database: Path | None = None
    speed: float = 1.0
    webhook_secret: str = field(default=DEFAULT_SECRET, repr=False)
    event_timeout: float = 10.0
    allowed_hosts: tuple[str, ...] = ()
    webhook_hosts: tuple[str, ...] | None = None
    keep_calls: int = DEFAULT_KEEP_CALLS
    page_token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError("The host is empty; give an address, 127.0.0.1 for example.")
        if not _SLOWEST <= self.speed <= _FASTEST:
            raise ValueError(f"The speed is {self.speed}; it must be a number from {_SLOWEST} to {_FASTEST}.")
        if not self.webhook_secret:
            raise ValueError("The webhook secret is empty; give one, whsec_sandbox for example.")
        if not 0 < self.event_timeout <= _LONGEST_EVENT_TIMEOUT:
            limit = f"it must be a number of seconds above 0, at most {_LONGEST_EVENT_TIMEOUT}."
            raise ValueError(f"The event timeout is {self.event_timeout}; {limit}")
        if not 0 <= self.port <= 65535:
            raise ValueError(f"The port is {self.port}; it must be one from 0 to 65535, 0 meaning any that is free.")
        if self.keep_calls < 1:
            raise ValueError(f"The number of calls to keep is {self.keep_calls}; it must be at least 1.")
        if self.page_token is not None and not re.fullmatch(_PAGE_TOKEN, self.page_token):
            raise ValueError("The page's token must be 16 letters, digits, - and _, or more.")
        for name in ("allowed_hosts", "webhook_hosts"):
            if any(not each.strip() for each in getattr(self, name) or ()):
                raise ValueError(f"One of {name} is empty; give the name of a host.")
            for host in getattr(self, name) or ():
                if not re.fullmatch(_HOST[name], host.strip(), re.IGNORECASE):
                    raise ValueError(f"{host!r} in {name} is no name of a host; give one such as acme.test.")
