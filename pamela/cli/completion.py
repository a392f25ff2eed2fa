"""`pamela completion`: print a shell's completion script."""

from __future__ import annotations

import click

from .help import Command
from .output import write_line

SHELLS = ("bash", "zsh", "fish")


@click.command(
    cls=Command,
    examples=(
        "pamela completion bash > ~/.local/share/bash-completion/completions/pamela",
        'pamela completion zsh > "${fpath[1]}/_pamela"',
        "pamela completion fish > ~/.config/fish/completions/pamela.fish",
    ),
)
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script of a shell.

    It completes commands, options and their values. It asks the service for ids of calls and names of tools.
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - click has these three
    write_line(found(context.find_root().command, {}, "pamela", "_PAMELA_COMPLETE").source().strip("\n"))
