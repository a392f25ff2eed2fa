"""What verifying a webhook takes at least."""

import hashlib  # noqa: F401
import hmac  # noqa: F401
import json  # noqa: F401

print("ready", flush=True)
