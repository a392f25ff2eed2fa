"""A campaign that is killed again and again, over a bad network: everybody is called once, and every result is there."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from pamela import PamelaClient
from pamela.sandbox import Sandbox

from ..http.proxy import at_random, running
from .conftest import MakeCampaign, calls_of, numbers

pytestmark = pytest.mark.slow

LOST, RESET = 0.10, 0.05


def start(kind: str, ledger: Path, base_url: str, api_key: str, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.campaigns.program", kind, str(ledger), base_url, api_key, str(count)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def check(make_campaign: MakeCampaign, client: PamelaClient, count: int) -> None:
    assert Counter(call.to for call in calls_of(client)) == Counter(numbers(count))
    campaign = make_campaign()
    assert campaign.progress().recipients == {"done": count}
    results = list(campaign.results())
    assert {result.call["id"] for result in results if result.call} == {call.id for call in calls_of(client)}
    assert {result.attempts for result in results} == {1}


@pytest.mark.parametrize(("kind", "kills", "count"), [("sync", 100, 600), ("async", 30, 300)])
def test_killed_at_random(
    kind: str,
    kills: int,
    count: int,
    sandbox: Sandbox,
    client: PamelaClient,
    api_key: str,
    ledger: Path,
    make_campaign: MakeCampaign,
) -> None:
    dice = random.Random(1042)
    done = 0
    with running(sandbox.base_url) as proxy:
        proxy.chance = at_random(seed=1042, lost=LOST, reset=RESET)
        while done < kills:
            process = start(kind, ledger, proxy.base_url, api_key, count)
            began = time.monotonic()
            # From before the first import to the middle of placing: where exactly, the machine decides.
            while time.monotonic() - began < dice.uniform(0.3, 2.0) and process.poll() is None:
                time.sleep(0.01)
            process.kill()
            process.communicate()
            done += 1
        process = start(kind, ledger, proxy.base_url, api_key, count)
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 0, errors.decode()
    check(make_campaign, client, count)


def test_killed_and_gone_on_with(
    sandbox: Sandbox, client: PamelaClient, api_key: str, ledger: Path, make_campaign: MakeCampaign
) -> None:
    process = start("sync", ledger, sandbox.base_url, api_key, 150)
    while not calls_of(client):
        assert process.poll() is None
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert 0 < len(calls_of(client)) < 150
    again = start("sync", ledger, sandbox.base_url, api_key, 150)
    _, errors = again.communicate(timeout=120)
    assert again.returncode == 0, errors.decode()
    check(make_campaign, client, 150)


def test_two_runners_on_one_ledger(
    sandbox: Sandbox, client: PamelaClient, api_key: str, ledger: Path, make_campaign: MakeCampaign
) -> None:
    processes = [start("sync", ledger, sandbox.base_url, api_key, 200) for _ in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    check(make_campaign, client, 200)
