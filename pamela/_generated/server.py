# Made by `make generate` from openapi.yaml. Do not edit.
"""Where the service is, and the version of its API."""

DEFAULT_BASE_URL = "https://api.thisispamela.com"
API_VERSION = "1.0.0"
