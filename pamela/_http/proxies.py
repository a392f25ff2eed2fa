"""The proxy from the environment for an address, and the addresses without a proxy."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, quote, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from ..errors import ValidationError
from .addresses import address_parts, ip_address_of, is_url_of_httpx, without_credentials

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

    import httpx


class Proxy(NamedTuple):
    """A proxy: its address without credentials, and the credentials."""

    url: str
    username: str
    password: str

    def __repr__(self) -> str:
        return f"Proxy({self.url!r})"

    def secrets(self) -> Iterator[str]:
        """Return the secrets in each form in which they are sent. A user name without a password is a secret, too."""
        if word := self.password or self.username:
            yield from dict.fromkeys((word, quote(word, safe="")))
        if self.username or self.password:
            yield base64.b64encode(f"{self.username}:{self.password}".encode()).decode()

    @property
    def is_tls(self) -> bool:
        return self.url.startswith("https:")

    @property
    def is_socks(self) -> bool:
        return self.url.startswith("socks")

    def for_httpx(self, context: ssl.SSLContext | None) -> httpx.Proxy:
        """Return the proxy as an object of httpx."""
        import httpx

        return httpx.Proxy(
            self.url,
            auth=(self.username, self.password) if self.username or self.password else None,
            ssl_context=context if self.is_tls else None,
        )


def proxy_of_transport(transport: Any) -> Proxy | None:
    """Return the proxy of a transport of httpx, or None. httpx has no public API for this."""
    pool = getattr(transport, "_pool", None)
    address = getattr(pool, "_proxy_url", None)
    if address is None:
        return None
    username, password = getattr(pool, "_proxy_auth", None) or credentials_in(getattr(pool, "_proxy_headers", []))
    host = address.host.decode("ascii", "replace")
    shown = f"[{host}]" if ":" in host else host
    url = f"{address.scheme.decode()}://{shown}{'' if address.port is None else f':{address.port}'}"
    return Proxy(url, username.decode("utf-8", "replace"), password.decode("utf-8", "replace"))


def credentials_in(headers: Iterable[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    """Return user name and password from the headers for a proxy. For schemes other than Basic, return all."""
    for name, value in headers:
        if name.lower() == b"proxy-authorization":
            scheme, _, sent = value.partition(b" ")
            if scheme.lower() == b"basic":
                with suppress(ValueError):
                    username, _, password = base64.b64decode(sent).partition(b":")
                    return username, password
            return b"", sent or scheme
    return b"", b""


def proxy_for(base_url: str) -> Proxy | None:
    """Return the proxy from the environment for an address (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), or None.

    Raises:
        ValidationError: The proxy is invalid. The message contains no password.
    """
    address = urlsplit(base_url)
    proxies = getproxies()
    url = (proxies.get(address.scheme) or proxies.get("all") or "").strip()
    if not url or is_excepted(address, proxies.get("no", "")) or proxy_bypass(address.netloc):
        return None
    if "://" not in url:
        url = f"http://{url}"
    return checked_proxy(url, base_url)


def checked_proxy(url: str, base_url: str) -> Proxy:
    parts = address_parts(url)
    if parts is None or not is_url_of_httpx(plain_url(parts)):
        raise ValidationError(
            f"The environment names the proxy {without_credentials(url)!r} for {base_url}, which is not a valid address. "
            "Example: http://host:3128."
        )
    match parts.scheme:
        case "http" | "https":
            pass
        case "socks5" | "socks5h" if is_installed("socksio"):
            pass
        case "socks5" | "socks5h":
            raise ValidationError(
                f"The environment names a SOCKS proxy for {base_url}, which needs another package: pip install socksio."
            )
        case scheme:
            raise ValidationError(f"The environment names a proxy for {base_url} with the scheme {scheme!r}. Use http.")
    return Proxy(plain_url(parts), unquote(parts.username or ""), unquote(parts.password or ""))


def plain_url(parts: SplitResult) -> str:
    """Return the address of a proxy without user name and password."""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def is_excepted(address: SplitResult, no_proxy: str) -> bool:
    """Return whether `NO_PROXY` contains an IP address or its network. The standard library handles names."""
    host = ip_address_of(address.hostname or "")
    return host is not None and any(includes(entry.strip(), host) for entry in no_proxy.split(","))


def includes(entry: str, host: object) -> bool:
    """Return whether an entry of `NO_PROXY`, an address or a network like 10.0.0.0/8, includes an address."""
    from ipaddress import ip_network

    try:
        return host in ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except (ValueError, TypeError):
        return False


def is_installed(name: str) -> bool:
    from importlib.util import find_spec  # needed for a SOCKS proxy only

    return find_spec(name) is not None
