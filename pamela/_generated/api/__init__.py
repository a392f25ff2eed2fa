# Made by `make generate` from openapi.yaml. Do not edit.
"""The operations, a package for each tag."""
