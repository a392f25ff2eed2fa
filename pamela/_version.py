"""The version of the package, in its only place."""

__version__ = "2.1.0"
