"""The connections of one key: a CurlMulti, a window on the calls in flight, a queue."""

import selectors
from collections import deque
from math import inf
from time import monotonic
from typing import Any

import pycurl

from common.calls import Answer, Call, Sent, Tls
from common.exchange import Exchange
from common.guard import AddressGuard
from common.kept import KeptSockets

STREAMS = 1000
NARROWEST = 4
IDLE_SECONDS = 60


class Pool:
    """The window grows by one with each answer and halves when a request fails or had to be sent
    again, so that a server that is gone takes few places, and one that has not yet said how many
    streams it allows gets no burst. HTTP/1.1 has a request a connection: there it ends."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        tls: Tls,
        guard: AddressGuard | None,
        connections: int,
        *,
        is_first_alone: bool = False,
    ) -> None:
        self.selector = selector
        self.tls = tls
        self.guard = guard
        self.connections = connections
        self.is_first_alone = is_first_alone
        self.is_cautious = False
        self.opened_at = 0.0
        self.window = NARROWEST
        self.halved_at = 0.0
        self.is_multiplexed: bool | None = None
        self.is_lost = False
        self.pace = 0.0
        self.timer: float | None = None
        self.active: dict[Any, Exchange] = {}
        # No exchange is overdue before this moment; the first that could be may have ended since.
        self.overdue_from = inf
        self.waiting: deque[tuple[Call[Any], float]] = deque()
        self._free: list[Exchange] = []
        # When something last came, by connection.
        self._heard: dict[int, float] = {}
        self._kept = KeptSockets()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, STREAMS)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, connections)
        self._multi.setopt(pycurl.M_MAXCONNECTS, connections)

    @property
    def is_idle(self) -> bool:
        return not self.active and not self.waiting

    def has_room(self, per_key: int) -> bool:
        window = NARROWEST if self.is_cautious else self.window
        return len(self.active) < window and len(self.active) < per_key

    def expected_wait(self) -> float:
        """Seconds that a call put into the queue now would stay there."""
        oldest = next(iter(self.active.values()), None)
        pace = max(self.pace, monotonic() - oldest.started if oldest else 0.0)
        return len(self.waiting) * pace / self.window

    def start(self, call: Call[Any], *, now: float) -> None:
        """:raises ValueError: when the call cannot be written as HTTP."""
        exchange = self._free.pop() if self._free else self._make_exchange()
        is_alone = self.is_multiplexed is False
        is_fresh = is_alone and self._kept.is_any_closed()
        try:
            exchange.begin(call, is_repeatable=not is_alone, is_fresh=is_fresh, now=now)
        except ValueError:
            self._free.append(exchange)
            raise
        self.active[exchange.curl] = exchange
        if exchange.overdue_from < self.overdue_from:
            self.overdue_from = exchange.overdue_from
        self._multi.add_handle(exchange.curl)

    def _make_exchange(self) -> Exchange:
        return Exchange(self.tls, self.guard, self._on_open if self.is_first_alone else None)

    def react(self, fd: int, events: int) -> None:
        self._multi.socket_action(fd, events)
        self._heed_openings()

    def react_to_time(self) -> None:
        self.timer = None
        self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self._heed_openings()

    def take_finished(self) -> list[Answer[Any]]:
        answers = []
        remaining = 1
        while remaining:
            remaining, done, failed = self._multi.info_read()
            answers += [self._finish(curl, 0, "") for curl in done]
            answers += [self._finish(curl, code, text) for curl, code, text in failed]
        self._heed_openings()
        return answers

    def end_overdue(self, now: float) -> list[Answer[Any]]:
        """End exchanges that libcurl has not ended in time, itself being late."""
        if now <= self.overdue_from:
            return []
        moments = {curl: exchange.overdue_from for curl, exchange in self.active.items()}
        overdue = [curl for curl, moment in moments.items() if moment < now]
        self.overdue_from = min((m for m in moments.values() if m >= now), default=inf)
        return [self._finish(curl, pycurl.E_OPERATION_TIMEDOUT, "ended late") for curl in overdue]

    def _finish(self, curl: Any, code: int, message: str) -> Answer[Any]:
        exchange = self.active.pop(curl)
        answer = exchange.finish(code, message)
        self._adapt(exchange, answer)
        if self.is_multiplexed is not False:
            self._listen(exchange, answer, code)
        self._multi.remove_handle(curl)
        self._free.append(exchange)
        return answer

    def _adapt(self, exchange: Exchange, answer: Answer[Any]) -> None:
        self.pace += 0.2 * (answer.elapsed_ms / 1000 - self.pace)
        if answer.sent is not Sent.ANSWERED or answer.is_resent:
            self._halve(exchange.started)
            return
        self.is_multiplexed = exchange.is_multiplexed()
        widest = STREAMS if self.is_multiplexed else self.connections
        self.window = self.window + 1 if self.window < widest else widest

    def _listen(self, exchange: Exchange, answer: Answer[Any], code: int) -> None:
        """Find out whether a connection that many calls share leads nowhere any more: one of them
        got no answer in its time, and for half of that time nothing else came. libcurl would go on
        with it until TCP gives up, and every call would be lost."""
        connection, now = exchange.curl.getinfo(pycurl.CONN_ID), monotonic()
        if answer.sent is Sent.ANSWERED:
            if len(self._heard) > 10 * self.connections:
                self._heard.clear()
            self._heard[connection] = now
        elif answer.sent is Sent.UNKNOWN and code == pycurl.E_OPERATION_TIMEDOUT:
            silence = now - self._heard.get(connection, 0.0)
            self.is_lost |= silence > exchange.call.timeouts.total / 2

    def _halve(self, started: float) -> None:
        """Once for all the requests that were in flight together."""
        if started >= self.halved_at:
            self.window = max(NARROWEST, self.window // 2)
            self.halved_at = monotonic()

    def _heed_openings(self) -> None:
        """Give each connection one call, and open few, while some may be new: until all calls are
        over that were under way when the last one was opened. libcurl would send all that wait on
        a connection before it has read how many the server takes, and close it when they are
        refused."""
        if not self.is_first_alone:
            return
        oldest = next(iter(self.active.values()), None)
        is_cautious = oldest is not None and oldest.started <= self.opened_at
        if is_cautious is self.is_cautious:
            return
        self.is_cautious = is_cautious
        streams, connections = (1, NARROWEST) if is_cautious else (STREAMS, self.connections)
        self._multi.setopt(pycurl.M_MAX_CONCURRENT_STREAMS, streams)
        self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, connections)

    def abort(self) -> None:
        self.waiting.clear()
        for curl, exchange in self.active.items():
            self._multi.remove_handle(curl)
            self._free.append(exchange)
        self.active.clear()

    def close(self) -> None:
        self.abort()
        for exchange in self._free:
            exchange.curl.close()
        self._multi.close()

    def _on_open(self, _fd: int, _purpose: int) -> int:
        self.opened_at = monotonic()
        return int(pycurl.SOCKOPT_OK)

    def _on_timer(self, milliseconds: int) -> int:
        self.timer = None if milliseconds < 0 else monotonic() + milliseconds / 1000
        return 0

    def _on_socket(self, wanted: int, fd: int, _multi: Any, _data: Any) -> int:
        # libcurl's POLL_IN, POLL_OUT and CSELECT_ have the values of the selectors module.
        is_known = fd in self.selector.get_map()
        if wanted == pycurl.POLL_REMOVE:
            if is_known:
                self.selector.unregister(fd)
            self._kept.keep(fd)
        elif is_known:
            self.selector.modify(fd, wanted, self)
        else:
            self._kept.use(fd)
            self.selector.register(fd, wanted, self)
        return 0
