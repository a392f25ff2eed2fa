"""What a receiver of webhooks imports."""

from pamela import verify_webhook_signature  # noqa: F401

print("ready", flush=True)
