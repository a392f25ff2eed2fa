"""The exceptions, under the module name of version 1. Use `pamela.errors`."""

from .errors import AuthenticationError, CallError, PamelaError, RateLimitError, SubscriptionError, ValidationError

__all__ = ["AuthenticationError", "CallError", "PamelaError", "RateLimitError", "SubscriptionError", "ValidationError"]
