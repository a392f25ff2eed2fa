"""The generator: `python -m custom` makes `pamela/_generated` from openapi.yaml.

openapi-python-client reads the schemas. It forgets what the specification says beyond types: the limits of arguments,
their aliases, which operations may be repeated, the events. This package reads those and hands them to the templates.
"""
