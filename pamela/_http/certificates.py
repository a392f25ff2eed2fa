"""The trusted certificates: those from the environment, or else the defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ValidationError

if TYPE_CHECKING:
    import ssl

VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
"""In order of precedence. The last one is from the package requests, and many companies set it."""


def tls_context() -> ssl.SSLContext:
    """Return the TLS settings of connections.

    Raises:
        ValidationError: The certificates from the environment cannot be loaded.
    """
    import httpx

    name = next((each for each in VARIABLES if os.environ.get(each)), None)
    if name is None:
        return httpx.create_ssl_context(trust_env=False)
    path = os.environ[name]
    import ssl

    try:
        if Path(path).is_dir():
            return ssl.create_default_context(capath=path)
        return ssl.create_default_context(cafile=path)
    except OSError as error:
        raise ValidationError(f"The certificates in {name}={path!r} cannot be loaded: {error}.") from error
