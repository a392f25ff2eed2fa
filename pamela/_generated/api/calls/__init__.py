# Made by `make generate` from openapi.yaml. Do not edit.
"""The operations of the tag `calls`, a module each."""
