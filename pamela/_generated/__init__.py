# Made by `make generate` from openapi.yaml. Do not edit.
"""What `make generate` makes of openapi.yaml: a module for each operation and model, and what the clients are made of."""
