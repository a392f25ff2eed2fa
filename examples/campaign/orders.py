"""Calls everybody in customers.csv, and nobody twice: `python orders.py [LEDGER]`, again and again if need be.

Set PAMELA_API_KEY, and for a sandbox PAMELA_BASE_URL.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from pamela import Call, PamelaClient
from pamela.campaigns import Campaign, Decision, GiveUp, Hours, Retry

CUSTOMERS = Path(__file__).with_name("customers.csv")


def decide(call: Call) -> Decision | None:
    """Take those who ask for it off all lists; leave the rest to the settings."""
    said = str(call.get("transcript")).lower()
    if "stop calling" in said or "do not call" in said:
        return GiveUp("They asked not to be called.", do_not_call=True)
    return None


def main(
    ledger: str = "orders.db",
    hours: Hours | None = Hours("09:00", "20:00", days="mon-sat"),  # noqa: B008
    pause: timedelta = timedelta(minutes=15),
) -> None:
    with (
        PamelaClient() as client,
        Campaign(
            client,
            "orders-2026-11",
            ledger=ledger,
            in_flight=20,
            rate="5/s",
            hours=hours,
            retry=Retry(not_reached=2, after=pause),
            max_minutes=900,
            decide=decide,
        ) as campaign,
    ):
        report = campaign.add_csv(
            CUSTOMERS, to="phone", id="id", timezone="tz", task="Tell {name} that order {order} is here"
        )
        print(f"{report.added} to call, at most ${report.max_cost:.2f}")
        for result in campaign.run():
            print(result.id, result.outcome, result.attempts, result.call and result.call.summary)
        campaign.write_results("results.csv")
        campaign.write_report("report.html")


if __name__ == "__main__":
    main(*sys.argv[1:])
