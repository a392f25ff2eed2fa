"""`pamela --version`."""

from pamela.cli import main

main(["--version"])
