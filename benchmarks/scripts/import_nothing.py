"""The bare interpreter."""

print("ready", flush=True)
