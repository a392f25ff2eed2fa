# Made by `make generate` from openapi.yaml. Do not edit.
"""The operations of the tag `tools`, a module each."""
