"""Webhook endpoints for web frameworks: one module each, and plain WSGI and ASGI for all others."""
