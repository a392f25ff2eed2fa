"""What a shell waits for when it completes the name of a command of `pamela`."""

import os

from pamela.cli import main

os.environ |= {"_PAMELA_COMPLETE": "zsh_complete", "COMP_WORDS": "pamela ca", "COMP_CWORD": "1"}
main([])
