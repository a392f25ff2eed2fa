"""A program with as many commands as `pamela` has, and nothing else."""

import click

NAMES = ("call", "calls", "campaign", *(f"command-{number}" for number in range(14)))


@click.group()
@click.version_option("1.0", prog_name="bare")
def cli() -> None:
    """Do nothing."""


for name in NAMES:

    @cli.command(name)
    @click.option("--watch", is_flag=True, help="Watch it.")
    @click.argument("what")
    def command(what: str, watch: bool) -> None:
        """Do nothing."""
