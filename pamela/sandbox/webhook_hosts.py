"""The hosts that may receive webhooks."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from urllib.parse import urlsplit


class WebhookHosts:
    """The hosts that `--webhook-hosts` allows; all if it is absent."""

    def __init__(self, patterns: Collection[str] | None) -> None:
        self._patterns = None if patterns is None else tuple(each.strip().lower() for each in patterns)

    def allows(self, url: str) -> bool:
        """Return whether a webhook may be sent to an address."""
        if self._patterns is None:
            return True
        host = (urlsplit(url).hostname or "").lower()
        return any(fnmatchcase(host, pattern) for pattern in self._patterns)

    def explain(self, url: str) -> str:
        """Return why an address is not allowed, and the remedy."""
        host = urlsplit(url).hostname or ""
        return f"webhooks may not go to {host[:100]}; start the sandbox with --webhook-hosts {host[:100]} to allow it"
