"""Posting by Apprise, which knows Slack, mail, webhooks and many more. Its addresses hold tokens: nothing here says one.

Each destination has its own thread, tries and time: one that is silent costs the others nothing, and nobody waits for ever.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from mech_ops.alerts.memory import Message
from mech_ops.redaction import redacted

TRIES, PAUSE_S, LIMIT_S = 2, 2.0, 25.0
"""Of one message; seconds between tries; seconds for everything that one destination is sent."""
# They name what they are at, addresses too.
_TALKATIVE = ("apprise", "urllib3", "requests")


@dataclass(frozen=True)
class Destination:
    """`name` is its place and scheme, as `2 slack`: what may be said of it, and noted."""

    name: str
    address: str = field(repr=False)


def destinations(addresses: Sequence[str]) -> list[Destination]:
    return [Destination(f"{n} {one.partition('://')[0]}", one) for n, one in enumerate(addresses, 1)]


def secrets(some: Sequence[Destination]) -> list[str]:
    """Every part of the addresses that may be a token, longest first; names of hosts may be said."""
    found: set[str] = set()
    for one in some:
        rest = one.address.partition("://")[2]
        user, at, after = rest.rpartition("@")
        # Of a webhook the first part is its host; of others it is often the token itself.
        host = after.partition("/")[0] if at or one.address.startswith(("json", "xml", "form", "mailto")) else ""
        parts = [one.address, rest, user, *re.split(r"[/?&=@:]", rest.replace(host, " ", 1) if host else rest)]
        found.update(form for part in parts for form in (part.strip(), unquote(part.strip())) if len(form) >= 6)
    return sorted(found, key=len, reverse=True)


def deliver(pending: Sequence[Message], some: Sequence[Destination], limit_s: float = LIMIT_S) -> dict[str, str]:
    """Send to each what waits for it, oldest first; who took a message leaves its `waits`. Returns why, by name, where one did not.

    What waits for a destination that is not there any more waits for nobody.
    """
    for message in pending:
        message.waits = [name for name in message.waits if name in {one.name for one in some}]
    threads = [_Post(one, [m for m in pending if one.name in m.waits], limit_s) for one in some]
    threads = [thread for thread in threads if thread.messages]
    hush()
    end = time.monotonic() + limit_s
    for thread in threads:
        thread.start()
    failed = {}
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
        taken, why = thread.outcome()
        for message in thread.messages[:taken]:
            message.waits.remove(thread.destination.name)
        if taken < len(thread.messages):
            failed[thread.destination.name] = redacted(why, secrets(some))
    return failed


def hush() -> None:
    """Nobody but us hears what the libraries say."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        logger.propagate = False
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


class _Post(threading.Thread):
    """Sends one destination its messages. It is left behind when its time is over."""

    def __init__(self, destination: Destination, messages: Sequence[Message], limit_s: float) -> None:
        super().__init__(daemon=True)
        self.destination, self.messages, self._limit_s = destination, list(messages), limit_s
        self._lock, self._taken, self._why, self._over = threading.Lock(), 0, "", False

    def outcome(self) -> tuple[int, str]:
        """(how many were taken, why the next one was not); what it does from now on is too late."""
        with self._lock:
            self._over = True
            return self._taken, self._why or f"it did not answer within {self._limit_s:g} s"

    def run(self) -> None:
        try:
            notify = _opened(self.destination.address)
            if notify is None:
                self._note("it is no address that Apprise knows (https://appriseit.com/services/)")
                return
            for message in self.messages:
                if not self._sent(notify, message):
                    return
        except Exception as error:  # of a library, or of one of its many services
            self._note(f"it could not be sent ({type(error).__name__})")

    def _sent(self, notify: Callable[[Message], bool], message: Message) -> bool:
        for tries_left in reversed(range(TRIES)):
            if self._over:
                return False
            with _Heard() as heard:
                took = notify(message)
            if took:
                with self._lock:
                    self._taken += not self._over
                return True
            self._note("; ".join(heard.said) or "it did not take the message")
            time.sleep(PAUSE_S if tries_left else 0)
        return False

    def _note(self, why: str) -> None:
        with self._lock:
            self._why = why


def _opened(address: str) -> Callable[[Message], bool] | None:
    """What sends one message to an address and says whether it was taken; None for one that Apprise does not know."""
    import apprise

    asset = apprise.AppriseAsset(app_id="Mech", app_desc="Mech's alerts")
    service = apprise.Apprise.instantiate(address, asset=asset, suppress_exceptions=True)
    if service is None:
        return None
    # Also a mail is plain text: what it says is, line by line.
    service.notify_format = apprise.NotifyFormat.TEXT

    def notify(message: Message) -> bool:
        kind = getattr(apprise.NotifyType, message.kind.upper(), apprise.NotifyType.WARNING)
        # By the service itself: Apprise.notify hands it to threads of its own, which the end of this process would wait for.
        return bool(service.notify(body=message.body, title=message.title, notify_type=kind))

    return notify


class _Heard(logging.Handler):
    """What Apprise says in this thread of a message that was not taken."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.said.append(" ".join(record.getMessage().split())[:200])

    def __enter__(self) -> _Heard:
        logging.getLogger("apprise").addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("apprise").removeHandler(self)
