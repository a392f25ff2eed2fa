"""Invocation stores: what has run already, so that a repeated invocation does not run again."""
