"""Run the journeys of `clients/journeys.arazzo.yaml` against a sandbox, each answer checked against the specification."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import pamela.sandbox  # noqa: E402 - the checkout's, not an installed one

JOURNEYS = ROOT / "clients" / "journeys.arazzo.yaml"


def main() -> None:
    redocly = str(ROOT / "node_modules" / ".bin" / "redocly")
    with pamela.sandbox.run(speed=20) as sandbox:
        command = [redocly, "respect", str(JOURNEYS), f"--server=pamela={sandbox.base_url}"]
        inputs = f"--input=api_key={sandbox.api_key}"
        environment = {**os.environ, "REDOCLY_TELEMETRY": "off"}
        sys.exit(subprocess.run([*command, inputs], cwd=ROOT, env=environment).returncode)


if __name__ == "__main__":
    main()
