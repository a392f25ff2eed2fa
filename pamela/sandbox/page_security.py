"""Keeps other people's web pages from using a sandbox through its developer's browser.

Any web page can send requests to any address, and can read the responses through DNS rebinding. So the sandbox serves
only requests with one of its host names, and a browser's writes need the token of the sandbox's own page.
"""

import base64
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Collection, Mapping
from functools import lru_cache

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_HEADER = "X-Page-Token"  # noqa: S105 - a header's name
PROJECT_HEADER = "X-Page-Project"
"""The header with the page's project: a browser with the token needs no API key."""

PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
"""The headers of each HTML page of the sandbox. They forbid inline scripts and styles."""

_INLINE_SCRIPT = re.compile(rb"<script[^>]*>(.*?)</script>", re.DOTALL)
_MOST_HOSTS_KNOWN = 256
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_WILDCARDS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared with, not bound to


def headers_of_reference(page: bytes) -> dict[str, str]:
    """Return the headers of a page that is one file: only its own scripts run, and it reaches only the sandbox.

    Args:
        page: The page, with all of its scripts and styles in it.
    """
    scripts = (hashlib.sha256(script).digest() for script in _INLINE_SCRIPT.findall(page))
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in scripts)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src 'self' data:;"
        " font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {**PAGE_HEADERS, "Content-Security-Policy": policy}


class PageToken:
    """The tokens of the sandbox's own page.

    The owner's token is for the person who runs the sandbox. The guest's token is new in each process, and allows only
    what the sandbox's own API key allows.
    """

    def __init__(self, owner: str | None = None) -> None:
        self.owner = owner or secrets.token_urlsafe(24)
        self._guest = secrets.token_urlsafe(24)

    def for_page(self, request: Request) -> str:
        """Return the owner's token for a browser on this machine or with that token, otherwise the guest's.

        If the sandbox runs in a container, a browser on the host has another address than the container.
        """
        is_here = _is_loopback(request.client.host if request.client else "")
        return self.owner if is_here or _is_equal(request.query_params.get("token", ""), self.owner) else self._guest

    def is_in(self, headers: Headers) -> bool:
        """Return whether a request has one of the tokens, so that it comes from a page of the sandbox."""
        return self.is_owners(headers) or _is_equal(headers.get(TOKEN_HEADER, ""), self._guest)

    def is_owners(self, headers: Headers) -> bool:
        """Return whether a request has the owner's token."""
        return _is_equal(headers.get(TOKEN_HEADER, ""), self.owner)


class AllowedHosts:
    """The host names of a sandbox."""

    def __init__(self, bound: str, more: Collection[str] = ()) -> None:
        self._names = {_without_port(each) for each in (bound, *more)}
        self._any_address = bound in _WILDCARDS
        self._is_allowed = lru_cache(maxsize=_MOST_HOSTS_KNOWN)(self._find_whether_allowed)

    def __contains__(self, host: str) -> bool:
        """Return whether a `Host` header names this sandbox."""
        return self._is_allowed(host)

    def _find_whether_allowed(self, host: str) -> bool:
        name = _without_port(host)
        if name in self._names or name == "localhost" or name.endswith(".localhost") or _is_loopback(name):
            return True
        # DNS rebinding needs a name, so an IP address is safe.
        return self._any_address and _is_address(name)


class PageSecurity:
    """Serves an application to allowed requests. Another host gets 421, another page 403."""

    def __init__(self, app: ASGIApp, hosts: AllowedHosts, token: PageToken) -> None:
        self._app = app
        self._hosts = hosts
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope["method"], scope.get("scheme", "http"), headers)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["X-Content-Type-Options"] = "nosniff"
            await send(message)

        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, method: str, scheme: str, headers: Headers) -> JSONResponse | None:
        hosts = headers.getlist("Host")
        if len(hosts) > 1:
            return JSONResponse({"detail": "The request has more than one Host header."}, 400)
        host = "".join(hosts)
        if host not in self._hosts:
            remedy = f"If it is the sandbox's, start it with --allowed-host {_without_port(host)[:100] or 'NAME'}."
            return JSONResponse({"detail": f"The host {host[:100]!r} is not served here. {remedy}"}, 421)
        origin = headers.get("Origin")
        if origin is None or method in _SAFE_METHODS:
            return None
        if origin != f"{scheme}://{host}":
            return JSONResponse({"detail": f"The page at {origin[:100]} may not use this sandbox."}, 403)
        if not self._token.is_in(headers):
            return JSONResponse({"detail": "This page is from an earlier sandbox. Reload it."}, 403)
        return None


def _without_port(host: str) -> str:
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() and ":" not in name else host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_equal(given: str, token: str) -> bool:
    return hmac.compare_digest(given.encode(), token.encode())


def _is_loopback(name: str) -> bool:
    return _is_address(name) and ipaddress.ip_address(name).is_loopback
