"""Eight deployers on a bad network, killed again and again: one copy of each tool remains, and none is ever missing."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ..http import proxy
from .chaos_deployer import TOOLS, registry_of

if TYPE_CHECKING:
    from pamela import PamelaClient
    from pamela.sandbox import Sandbox

PROCESSES = 8
KILLS = 10
BETWEEN_KILLS = (15, 60)
"""The requests between two kills, at least and at most."""
ROOT = Path(__file__).parents[2]


class Deployer:
    """A process that deploys, and is started again when it is killed."""

    def __init__(self, base_url: str, api_key: str, log: Path) -> None:
        self._command = [sys.executable, "-m", "tests.tools.chaos_deployer", base_url, api_key, "2"]
        self._log = log
        self.kills = 0
        self._start()

    def _start(self) -> None:
        with self._log.open("a") as log:
            self.process = subprocess.Popen(self._command, cwd=ROOT, stderr=log)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            self.kills += 1
            self._start()


@pytest.mark.slow
def test_of_eight_deployers_one_copy_remains_and_no_tool_is_ever_missing(
    sandbox: Sandbox, client: PamelaClient, api_key: str, tmp_path: Path
) -> None:
    names = {f"tool_{number}" for number in range(TOOLS)}
    registry_of("1").deploy(client)
    assert {tool["name"] for tool in client.list_tools()} == names
    dice = random.Random(8)
    missing: list[set[str]] = []
    looks = 0
    with proxy.running(sandbox.base_url) as network:
        network.chance = proxy.at_random(8, lost=0.03, reset=0.02)
        deployers = [Deployer(network.base_url, api_key, tmp_path / "log") for _ in range(PROCESSES)]
        try:
            deadline = time.monotonic() + 300
            next_kill = dice.randint(*BETWEEN_KILLS)
            while running := [deployer for deployer in deployers if deployer.process.poll() is None]:
                assert time.monotonic() < deadline, (tmp_path / "log").read_text()[-2000:]
                looks += 1
                present = {tool["name"] for tool in client.list_tools()}
                if present != names:
                    missing.append(names - present)
                if len(network.seen) > next_kill and sum(each.kills for each in deployers) < KILLS:
                    dice.choice(running).kill()
                    next_kill = len(network.seen) + dice.randint(*BETWEEN_KILLS)
                time.sleep(0.05)
        finally:
            for deployer in deployers:
                deployer.process.kill()
                deployer.process.wait()
    account = client.list_tools()
    kills = sum(each.kills for each in deployers)
    print(f"{PROCESSES} deployers, {kills} kills, {looks} looks, {len(network.seen)} requests")
    assert missing == []
    assert [each.process.returncode for each in deployers] == [0] * PROCESSES
    assert Counter(tool["name"] for tool in account) == dict.fromkeys(names, 1)
    assert {tool["description"] for tool in account} == {"Version 2."}
    assert not registry_of("2").deploy(client)
    assert kills >= 3
    assert looks >= 10
