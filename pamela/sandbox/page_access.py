"""The projects that a request of the page, or of another program, may read and change."""

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
    """The projects that a request may read: one, or all if it is None."""

    project_id: str | None


def read_project(request: Request, operation: str, service: Service) -> str:
    """Return the project of a request: that of its API key, or the one that the page names."""
    if "Authorization" in request.headers or not service.page_token.is_in(request.headers):
        return service.projects.of_key(read_key(request, operation))
    asked = _checked(request.headers.get(PROJECT_HEADER) or service.default_project)
    return asked if service.page_token.is_owners(request.headers) else service.default_project


def read_scope(request: Request, service: Service) -> Scope:
    """Return what a request may read: all projects on the owner's page, one project otherwise."""
    # An EventSource cannot send headers.
    in_query = request.query_params.get("page_token")
    headers = request.headers if in_query is None else Headers({TOKEN_HEADER: in_query})
    if service.page_token.is_owners(headers):
        asked = request.query_params.get("project")
        return Scope(_checked(asked) if asked else None)
    if service.page_token.is_in(headers):
        return Scope(service.default_project)
    if TOKEN_HEADER in headers:
        raise failure(403, "This page is from an earlier sandbox. Reload it.")
    return Scope(service.projects.of_key(read_key(request, "sandbox")))


def _checked(project_id: str) -> str:
    if not _PROJECT_ID.fullmatch(project_id):
        raise failure(422, f"{project_id[:100]!r} is not the id of a project.")
    return project_id
