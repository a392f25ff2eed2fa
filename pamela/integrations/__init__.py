"""Connect a `WebhookEndpoint` to a web framework. There is a module for each, and WSGI and ASGI for all others."""
