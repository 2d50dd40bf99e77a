"""The heartbeat of a log (log.md 2.2): busy or not, every ten minutes it is published anew and cosigned.

So a log that stands still is told from one that is held back, and what waits after a crash waits ten minutes at most.
Every process that serves has one; the log's own lock lets one of them do the work, and who comes later finds it done.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from certsvc.core.checkpoint import Checkpoint
from certsvc.core.errors import CertsvcError
from certsvc.instance import Instance
from certsvc.services import appointment, cosign, log, log_leaves
from certsvc.services.coming_into_force import finish_waiting
from certsvc.services.cosign import Said
from certsvc.services.log_backfill import backfill

notices = logging.getLogger("certsvc.log")
#: Seconds between two beats.
EVERY = 600.0


@dataclass(frozen=True)
class Beat:
    """The checkpoint that stands, and what the witnesses said of it; nothing where others had asked them just now."""

    checkpoint: Checkpoint
    said: tuple[Said, ...]


def beat(instance: Instance, *, ask: bool = False) -> Beat:
    """One beat; `ask` the witnesses even if they have cosigned in the last minute. Raises what is wrong with the log."""
    log.check_not_rolled_back(instance)
    log_leaves.begin(instance)
    published, said = log.heartbeat(instance), ()
    if ask or cosign.is_wanting(instance) or not log_leaves.is_fresh(instance):
        said = tuple(cosign.cosign(instance))
    appointment.proclaim(instance)
    return Beat(published, said)


def learn(instance: Instance) -> None:
    """What a server does before it signs anything: it hears from the witnesses whether it was put back. Never raises."""
    _surviving(cosign.learn, instance)


def start(instance: Instance, stop: threading.Event, every: float = EVERY) -> threading.Thread:
    """A thread that beats now and then every so many seconds until `stop`. It holds up neither start nor shutdown."""

    def live() -> None:
        _surviving(beat, instance)
        # What waited for a witness comes into force with its cosignature.
        _surviving(finish_waiting, instance)

    def run() -> None:
        learn(instance)
        # What was signed before the log existed enters it with the first beat, and nothing twice.
        _surviving(backfill, instance)
        live()
        while not stop.wait(every):
            live()

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    return thread


def _surviving(step: Callable[[Instance], object], instance: Instance) -> None:
    try:
        step(instance)
    except Exception as error:  # whatever is wrong with the log, verification goes on
        code = error.code if isinstance(error, CertsvcError) else type(error).__name__
        notices.warning("the log's heartbeat failed (%s): certsvc doctor", code)
