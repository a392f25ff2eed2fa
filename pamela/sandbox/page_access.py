"""Whose things a request of the page, or of a program beside it, may see and change."""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import Request

from .errors import failure
from .page_security import PROJECT_HEADER, TOKEN_HEADER
from .requests import read_key
from .service import Service

_PROJECT_ID = re.compile("project_[0-9a-f]{16}")


@dataclass(frozen=True)
class Scope:
    """What a request may see: one project, or with None all of them."""

    project_id: str | None


def is_from_page(request: Request, service: Service) -> bool:
    """Return whether a request has the page's token."""
    return service.page_token.is_in(request.headers)


def read_project(request: Request, operation: str, service: Service) -> str:
    """Return the project that a request is for: that of its API key, or the one that the page names."""
    if "Authorization" not in request.headers and is_from_page(request, service):
        return _checked(request.headers.get(PROJECT_HEADER) or service.default_project)
    return service.projects.of_key(read_key(request, operation))


def read_scope(request: Request, service: Service) -> Scope:
    """Return what a request that reads may see: everything for the page, its project for an API key."""
    # An EventSource cannot send headers.
    token = request.query_params.get("page_token")
    if is_from_page(request, service) or service.page_token.is_in(Headers({TOKEN_HEADER: token or ""})):
        asked = request.query_params.get("project")
        return Scope(_checked(asked) if asked else None)
    if token is not None or TOKEN_HEADER in request.headers:
        raise failure(403, "This page is of an earlier sandbox; load it again.")
    return Scope(service.projects.of_key(read_key(request, "sandbox")))


def _checked(project_id: str) -> str:
    if not _PROJECT_ID.fullmatch(project_id):
        raise failure(422, f"{project_id[:100]!r} is not the id of a project.")
    return project_id
