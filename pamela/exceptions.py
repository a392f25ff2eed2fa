"""The exceptions of version 1 under the name that their module had."""

from .errors import AuthenticationError, CallError, PamelaError, RateLimitError, SubscriptionError, ValidationError

__all__ = ["AuthenticationError", "CallError", "PamelaError", "RateLimitError", "SubscriptionError", "ValidationError"]
