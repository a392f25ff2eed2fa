"""The Python SDK for Pamela."""
