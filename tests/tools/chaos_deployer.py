"""A process that deploys two hundred tools, for the chaos tests.

Run it with `python -m tests.tools.chaos_deployer BASE_URL API_KEY VERSION`.
"""

from __future__ import annotations

import sys

from pamela import PamelaClient, PamelaError, ToolRegistry

TOOLS = 200


def registry_of(version: str) -> ToolRegistry:
    """Return a registry whose tools all differ from one version to the next."""
    tools = ToolRegistry("acme-orders")
    for number in range(TOOLS):

        @tools.tool(name=f"tool_{number}", description=f"Version {version}.")
        def look_up(order_id: str) -> str:
            return order_id

    return tools


def main(base_url: str, api_key: str, version: str) -> None:
    """Deploy, as a program does that starts: again until it has worked."""
    tools = registry_of(version)
    while True:
        try:
            with PamelaClient(api_key, base_url, timeout=10) as client:
                tools.deploy(client)
            return
        except PamelaError as error:
            print(error, file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
