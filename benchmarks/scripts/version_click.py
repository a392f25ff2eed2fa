"""What a program made with click takes at least to say its version."""

from bare_click import cli

cli(["--version"], prog_name="bare")
