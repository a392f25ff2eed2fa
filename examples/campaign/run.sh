#!/bin/sh
# Calls all customers in customers.csv, each of them once. Run it again to continue after an interruption.
# To use the sandbox, run `pamela sandbox --speed 100` in another terminal, and `sh run.sh --sandbox` here.
cd "$(dirname "$0")" || exit 1
exec pamela campaign run customers.csv --to phone --id id --timezone tz --name orders-2026-11 \
    --task "Tell {name} that order {order} is here" \
    --hours "${HOURS:-09:00-20:00}" --days mon-sat --in-flight 20 --rate 5/s --retry not_reached=2 --retry-after "${PAUSE:-15m}" \
    --poll-interval "${POLL:-5s}" --ledger "${LEDGER:-orders.db}" --out "${OUT:-results.csv}" "$@"
