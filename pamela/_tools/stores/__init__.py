"""Invocation stores remember what has run, so that a repeated invocation does not run again."""
