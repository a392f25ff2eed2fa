"""The proxy that the environment names for an address."""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from ..errors import ValidationError
from .addresses import address_parts


def proxy_for(base_url: str) -> str | None:
    """Return the proxy that the environment names for an address (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`), or None.

    Raises:
        ValidationError: It is not one that requests can go through.
    """
    address = urlsplit(base_url)
    proxies = getproxies()
    proxy = proxies.get(address.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(address.netloc):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    parts = address_parts(proxy)
    if parts is None:
        raise ValidationError(
            f"The environment names a proxy for {base_url} that is not an address like http://host:3128."
        )
    match parts.scheme:
        case "http" | "https":
            return proxy
        case "socks5" | "socks5h" if is_installed("socksio"):
            return proxy
        case "socks5" | "socks5h":
            raise ValidationError(f"The environment names a SOCKS proxy for {base_url}. It takes the package socksio.")
        case scheme:
            raise ValidationError(f"The environment names a proxy for {base_url} with the scheme {scheme!r}. Use http.")


def is_installed(name: str) -> bool:
    from importlib.util import find_spec  # needed for a SOCKS proxy only

    return find_spec(name) is not None
