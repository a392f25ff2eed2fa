"""What a program made with click takes at least to complete the name of a command."""

import os

from bare_click import cli

os.environ |= {"_BARE_COMPLETE": "zsh_complete", "COMP_WORDS": "bare ca", "COMP_CWORD": "1"}
cli([], prog_name="bare")
