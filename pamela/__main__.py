"""`python -m pamela` is the command `pamela`."""

from .cli import main

if __name__ == "__main__":
    main()
