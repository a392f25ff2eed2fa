"""Times on the command line: a date, a date with a time, or a duration before now."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import click

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Moment(click.ParamType[datetime]):
    """`2026-03-14`, `2026-03-14T15:09:26Z`, or `7d`, `12h`, `30m` before now. The default zone is the machine's."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time, with a time zone."""
        if isinstance(value, datetime):
            return value
        if found := re.fullmatch(r"(\d{1,6})([mhdw])", value):
            return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})
        try:
            return datetime.fromisoformat(value).astimezone()
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no moment. Examples: 2026-03-14, 2026-03-14T15:09:26Z, 7d, 12h, 30m.", param, ctx)
