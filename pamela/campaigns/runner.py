"""Runs a campaign in one process: a thread claims recipients, places and follows calls, and stores the results."""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from .. import Call, PamelaError
from .errors import CampaignError, CampaignHaltedError, LedgerError
from .following import Follower
from .lookup import find_calls
from .placing import interpret
from .records import Claim, Claims, LookUp, Placed
from .runners import RunnerIdentity
from .states import CampaignState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .callers import Caller
    from .decisions import Decide
    from .ledger import Ledger
    from .records import CampaignInfo, LiveCall, Placement, Poll

logger = logging.getLogger("pamela.campaigns")

HEARTBEAT = 10.0
LONGEST_NAP = 1.0
"""Seconds after which a runner reads the ledger again, because others may have changed it."""
NAP_OF_OTHER_CLOCK = 0.05
BATCH = 200
WEBHOOK_POLL_FACTOR = 12
"""With webhooks, lists are read this many times less often."""
_LOOK_UP_INTERVAL = 0.5
_ROUND = 0.02
"""Minimum seconds of a round while responses arrive."""
_SHARED_ROUND = 0.05
"""Minimum seconds of a worker's round: other workers lock the campaign, too."""
_API_PATIENCE = 300.0
"""Seconds for which following continues although requests fail."""


class Runner:
    """Runs a campaign until it is finished, stopped, or told to end.

    Args:
        ledger: The ledger.
        campaign: The campaign.
        caller: Places and gets calls.
        decide: The hook that decides after each call.
        on_result: Called with the ids of finished recipients, from the runner's thread.
        other_clock: Whether hours and pauses use another clock than the machine's. All waits are then short.
        on_demand: Whether to place calls only for recipients passed to `advance`, instead of all due ones.
    """

    def __init__(
        self,
        ledger: Ledger,
        campaign: CampaignInfo,
        caller: Caller,
        *,
        decide: Decide | None = None,
        on_result: Callable[[list[int]], None],
        other_clock: bool = False,
        on_demand: bool = False,
    ) -> None:
        self._ledger = ledger
        self._campaign = campaign
        self._caller = caller
        self._on_result = on_result
        self._nap = NAP_OF_OTHER_CLOCK if other_clock else LONGEST_NAP
        self._on_demand = on_demand
        self._wanted: queue.SimpleQueue[tuple[int, Future[None]]] = queue.SimpleQueue()
        self._advancing: dict[int, list[Future[None]]] = {}
        self._letting_go = threading.Lock()
        self._gone = False
        self.identity = RunnerIdentity.create()
        self._follower = Follower(ledger, caller, decide)
        self._followers = ThreadPoolExecutor(2, "pamela-campaign-following")
        self._placing: dict[int, Claim] = {}
        self._answers: queue.SimpleQueue[tuple[int, Future[Call]]] = queue.SimpleQueue()
        self._awake = threading.Event()
        self._ending = threading.Event()
        self._poll: Future[Poll] | None = None
        self._look_up: Future[dict[int, Call]] | None = None
        self._looked_up: list[LookUp] = []
        self._next_poll = self._next_heartbeat = self._next_look_up = 0.0
        self._poll_failing_since: float | None = None

    def end(self) -> None:
        """Place no more calls, store pending responses, and end. Calls in progress continue."""
        self._ending.set()
        self._awake.set()

    def advance(self, recipient_id: int) -> Future[None]:
        """Place the call of a recipient if it may be called now. Needs `on_demand`. Any thread may call it.

        Returns:
            A future that completes when the response is stored, or when no call may be placed now.
        """
        done: Future[None] = Future()
        with self._letting_go:
            if self._gone:
                done.set_result(None)
            else:
                self._wanted.put((recipient_id, done))
        self._awake.set()
        return done

    def run(self) -> None:
        """Run until the end.

        Raises:
            CampaignHaltedError: The campaign stopped itself.
            LedgerError: The ledger failed.
            CampaignError: The `decide` hook failed, or requests have failed for too long.
        """
        try:
            self._ledger.register(self.identity)
            self._loop()
        finally:
            self._followers.shutdown(wait=True, cancel_futures=True)
            self._let_go()
            self.identity.retire()
            # If it fails, others notice after a minute, or from the process, that this runner has ended.
            with contextlib.suppress(LedgerError):
                self._ledger.unregister(self.identity)

    def _loop(self) -> None:
        began = 0.0
        while True:
            # Responses that arrive almost together are stored in one transaction.
            if self._placing and self._answers.qsize() < BATCH:
                round_ = _SHARED_ROUND if self._on_demand else _ROUND
                time.sleep(max(0.0, min(round_, began + round_ - time.monotonic())))
            began = time.monotonic()
            self._awake.clear()
            self._beat()
            self._keep_answers()
            self._follow()
            self._settle_unclear()
            if self._ending.is_set():
                if not self._placing and self._poll is None:
                    return
                self._rest(self._nap)
                continue
            claims = self._claim()
            for claim in claims.claims:
                self._send(claim)
            if self._is_over(claims):
                return
            if claims.claims:
                continue
            self._rest(self._nap if claims.wait is None else min(claims.wait, self._nap))

    def _claim(self) -> Claims:
        limit = min(BATCH, self._caller.capacity - len(self._placing))
        if not self._on_demand:
            return self._ledger.claim(self._campaign.id, self.identity.id, limit)
        wanted: dict[int, list[Future[None]]] = {}
        while len(wanted) < limit:
            try:
                recipient_id, done = self._wanted.get_nowait()
            except queue.Empty:
                break
            wanted.setdefault(recipient_id, []).append(done)
        if not wanted:
            # All workers wait for the row of the campaign, so it is not locked if nothing is due.
            info = self._ledger.info(self._campaign.id)
            return Claims((), info.state, info.reason, None)
        claims = self._ledger.claim(self._campaign.id, self.identity.id, limit, wanted.keys())
        recipients = {claim.recipient_id: claim.attempt_id for claim in claims.claims}
        for recipient_id, futures in wanted.items():
            if recipient_id in recipients:
                self._advancing[recipients[recipient_id]] = futures
            else:
                _settle(futures)
        return claims

    def _rest(self, seconds: float) -> None:
        """Wait for a response, or until something may be due."""
        due = [self._next_poll, self._next_heartbeat] if self._poll is None else [self._next_heartbeat]
        soonest = min(due) - time.monotonic()
        self._awake.wait(max(0.001, min(seconds, soonest)))

    def _beat(self) -> None:
        if time.monotonic() < self._next_heartbeat:
            return
        self._ledger.register(self.identity)
        self._campaign = self._ledger.info(self._campaign.id)
        adopted = self._ledger.adopt(self._campaign.id, self.identity.id, set(self._placing))
        if adopted:
            logger.info("Took over %d attempts of runners that have ended.", adopted)
        self._next_heartbeat = time.monotonic() + min(HEARTBEAT, 5 * self._nap)

    # Placing

    def _send(self, claim: Claim) -> None:
        self._placing[claim.attempt_id] = claim
        self._caller.place(claim).add_done_callback(lambda answer: self._arrived(claim.attempt_id, answer))

    def _arrived(self, attempt_id: int, answer: Future[Call]) -> None:
        self._answers.put((attempt_id, answer))
        self._awake.set()

    def _keep_answers(self) -> None:
        placements: list[Placement] = []
        while len(placements) < BATCH:
            try:
                attempt_id, answer = self._answers.get_nowait()
            except queue.Empty:
                break
            placements.append(interpret(attempt_id, answer))
        if not placements:
            return
        through = self._ledger.record(self._campaign.id, self.identity.id, placements)
        for placement in placements:
            del self._placing[placement.attempt_id]
            _settle(self._advancing.pop(placement.attempt_id, ()))
        self._report(through)

    def _report(self, recipients: list[int]) -> None:
        if recipients:
            self._on_result(recipients)

    # Following

    def _follow(self) -> None:
        if self._poll is not None:
            if not self._poll.done():
                return
            poll, self._poll = self._poll, None
            self._take_poll(poll)
        now = time.monotonic()
        if self._ending.is_set():
            return
        noticed = self._ledger.noticed_calls(self._campaign.id) if self._campaign.webhooks else []
        if noticed:
            self._begin_poll(noticed)
        elif now >= self._next_poll:
            self._next_poll = now + self._interval()
            if self._ledger.take_lease(self._campaign.id, "following", self.identity.id):
                live = self._ledger.live_calls(self._campaign.id)
                if live:
                    self._begin_poll(live)

    def _interval(self) -> float:
        seconds = self._campaign.settings.poll_interval.total_seconds()
        return seconds * WEBHOOK_POLL_FACTOR if self._campaign.webhooks else seconds

    def _begin_poll(self, live: list[LiveCall]) -> None:
        self._poll = self._followers.submit(self._follower.poll, live, self._campaign.settings.transcript_timeout)
        self._poll.add_done_callback(lambda _: self._awake.set())

    def _take_poll(self, poll: Future[Poll]) -> None:
        try:
            seen = poll.result()
        except LedgerError:
            raise
        except PamelaError as error:
            now = time.monotonic()
            self._poll_failing_since = self._poll_failing_since or now
            logger.warning("Could not look at the calls in progress: %s", error)
            self._ledger.note_trouble(self._campaign.id, f"The calls in progress cannot be read: {error}")
            if now - self._poll_failing_since > _API_PATIENCE:
                raise CampaignError(
                    f"The calls in progress could not be read for {_API_PATIENCE:.0f} s: {error} "
                    "Run the campaign again to go on."
                ) from error
            return
        except Exception as error:
            raise CampaignError(
                f"The decide hook failed: {type(error).__name__}: {error}. The call that it was asked about has not been "
                "kept; run the campaign again to ask again."
            ) from error
        if self._poll_failing_since is not None:
            self._ledger.note_trouble(self._campaign.id, None)
        self._poll_failing_since = None
        if seen.ended:
            self._report(self._ledger.end(self._campaign.id, seen.ended))
        if seen.lost:
            self._report(self._ledger.lose(self._campaign.id, seen.lost))

    # Attempts with an unknown outcome

    def _settle_unclear(self) -> None:
        if self._look_up is not None:
            if not self._look_up.done():
                return
            look_up, self._look_up = self._look_up, None
            self._take_look_up(look_up)
        now = time.monotonic()
        if now < self._next_look_up or self._ending.is_set():
            return
        self._next_look_up = now + _LOOK_UP_INTERVAL
        self._looked_up = self._ledger.claim_look_ups(self._campaign.id, self.identity.id)
        if self._looked_up:
            self._look_up = self._followers.submit(find_calls, self._caller, self._looked_up)
            self._look_up.add_done_callback(lambda _: self._awake.set())

    def _take_look_up(self, look_up: Future[dict[int, Call]]) -> None:
        attempts, self._looked_up = self._looked_up, []
        try:
            found = look_up.result()
        except PamelaError as error:
            through = self._ledger.not_found_out(self._campaign.id, self.identity.id, attempts, str(error))
            self._report(through)
            return
        if placements := [Placed(attempt_id, call) for attempt_id, call in found.items()]:
            self._report(self._ledger.record(self._campaign.id, self.identity.id, placements))
        absent = [each for each in attempts if each.attempt_id not in found]
        if absent:
            self._resend(absent)

    def _resend(self, absent: list[LookUp]) -> None:
        claims = self._ledger.resend(self._campaign.id, self.identity.id, absent)
        for claim in claims:
            self._send(claim)
        sent = {claim.attempt_id for claim in claims}
        if held_back := [each for each in absent if each.attempt_id not in sent]:
            why = "No call was found, and it was not sent again."
            self._report(self._ledger.not_found_out(self._campaign.id, self.identity.id, held_back, why))

    # The end

    def _is_over(self, claims: Claims) -> bool:
        """Return whether the run is complete."""
        if claims.claims or self._placing or self._poll is not None:
            return False
        if claims.state is CampaignState.ACTIVE:
            return self._ledger.finish(self._campaign.id)
        if claims.state is CampaignState.PAUSED:
            return False
        if self._ledger.has_live_calls(self._campaign.id):
            return False
        if claims.state is CampaignState.HALTED:
            raise CampaignHaltedError(claims.reason or "")
        return True

    def _let_go(self) -> None:
        """Complete the futures of recipients that this runner will not call any more."""
        for futures in self._advancing.values():
            _settle(futures)
        with self._letting_go:
            self._gone = True
            while not self._wanted.empty():
                _settle([self._wanted.get_nowait()[1]])


def _settle(futures: Iterable[Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)
