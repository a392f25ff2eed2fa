"""Commands whose help begins with examples, options in sections, and commands that are imported when they run."""

from __future__ import annotations

import importlib
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OWN_OPTIONS = "Options"


class Option(click.Option):
    """An option in a section of the help.

    Args:
        section: The heading of the section.
        may_be_empty: Whether its value may be empty.
    """

    def __init__(self, *args: Any, section: str = OWN_OPTIONS, may_be_empty: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section
        self.may_be_empty = may_be_empty


def widest_name(formatter: click.HelpFormatter) -> int:
    """Return the maximum width of option names; for longer ones, the description begins in the next line."""
    return min(30, formatter.width // 2 - 2)


class _Formatter(click.HelpFormatter):
    """Help with highlighted headings. Without a terminal, click removes the style."""

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        super().write_heading(click.style(heading, bold=True))

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        super().write_usage(prog, args, prefix if prefix is not None else f"{click.style('Usage:', bold=True)} ")


class _Context(click.Context):
    formatter_class = _Formatter


class _HelpWithExamples(click.Command):
    """The common parts of commands and groups."""

    context_class = _Context

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", {})
        kwargs["context_settings"].setdefault("help_option_names", ["-h", "--help"])
        super().__init__(*args, **kwargs)
        self.examples = examples

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the command line, and refuse empty values, such as those of an unset variable."""
        if not ctx.resilient_parsing:
            given: Mapping[str, Any] = self.make_parser(ctx).parse_args(list(args))[0]
            for parameter in self.get_params(ctx):
                value = given.get(parameter.name or "")
                for each in value if isinstance(value, list | tuple) else [value]:
                    _check_value(ctx, parameter, each)
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the description, the examples and the usage line."""
        self.format_help_text(ctx, formatter)
        self.format_examples(formatter)
        formatter.write_paragraph()
        self.format_usage(ctx, formatter)
        self.format_options(ctx, formatter)
        self.format_epilog(ctx, formatter)

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.help:
            for number, paragraph in enumerate(self.help.partition("\f")[0].strip().split("\n\n")):
                if number:
                    formatter.write_paragraph()
                formatter.write_text(" ".join(paragraph.split()))

    def format_examples(self, formatter: click.HelpFormatter) -> None:
        """Write the examples, one per line."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, section by section."""
        sections: dict[str, list[tuple[str, str]]] = {OWN_OPTIONS: []}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                sections.setdefault(getattr(parameter, "section", OWN_OPTIONS), []).append(record)
        for section, records in sections.items():
            if records:
                with formatter.section(section):
                    formatter.write_dl(records, col_max=widest_name(formatter))


def _check_value(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value == "" and isinstance(parameter, click.Option) and not getattr(parameter, "may_be_empty", False):
        raise click.BadParameter("it is empty. Give a value, or leave it out.", ctx, parameter)
    if isinstance(parameter.type, click.types.FloatParamType) and isinstance(value, str):
        with suppress(ValueError):  # click reports it
            if not math.isfinite(float(value)):
                raise click.BadParameter(f"{value!r} is not a finite number.", ctx, parameter)


class Command(_HelpWithExamples):
    """A command whose help begins with examples.

    Args:
        examples: Complete command lines.
    """


class Entry(NamedTuple):
    """A command of a group that is imported when it runs.

    Args:
        section: The heading of its section in the group's help.
        target: `module:attribute`, with the module relative to this package.
        summary: The first sentence of the command's help.
    """

    section: str
    target: str
    summary: str


class Group(_HelpWithExamples, click.Group):
    """A group of commands.

    Args:
        entries: Commands that are imported when they run, by name.
    """

    command_class = Command

    def __init__(self, *args: Any, entries: Mapping[str, Entry] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = dict(entries or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of registration."""
        return [*self.entries, *self.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, and import it if necessary."""
        if cmd_name in self.entries:
            return self.load(cmd_name)
        return super().get_command(ctx, cmd_name)

    def load(self, name: str) -> click.Command:
        """Import the command of an entry."""
        module, _, attribute = self.entries[name].target.partition(":")
        command: click.Command = getattr(importlib.import_module(f".{module}", __package__), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command. For an unknown name, suggest similar ones."""
        name = args[0]
        if not ctx.resilient_parsing and not name.startswith("-") and self.get_command(ctx, name) is None:
            from difflib import get_close_matches

            close = get_close_matches(name, self.list_commands(ctx), 3)
            hint = f" Did you mean {' or '.join(close)}?" if close else f" See {ctx.command_path} --help."
            ctx.fail(f"There is no command {name!r}.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, section by section, without importing them."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in self.entries.items():
            sections.setdefault(entry.section, []).append((name, entry.summary))
        for name, command in self.commands.items():
            if not command.hidden:
                sections.setdefault("Commands", []).append((name, command.get_short_help_str(limit=100)))
        width = max(len(name) for records in sections.values() for name, _ in records)
        for section, records in sections.items():
            with formatter.section(section):
                formatter.write_dl([(name.ljust(width), summary) for name, summary in records])

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, then the options."""
        self.format_commands(ctx, formatter)
        super().format_options(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Complete names of commands without importing them."""
        from click.shell_completion import CompletionItem

        summaries = {name: entry.summary for name, entry in self.entries.items()}
        summaries |= {
            name: command.get_short_help_str() for name, command in self.commands.items() if not command.hidden
        }
        names = [
            CompletionItem(name, help=summary) for name, summary in summaries.items() if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)
