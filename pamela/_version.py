"""The version of the package, in its only place."""

__version__ = "2.0.0"
