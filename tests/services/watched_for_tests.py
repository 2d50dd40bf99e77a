"""Somebody who verifies certificates all the time, in a process of their own as it were, while others do something."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from world_for_tests import World

from certsvc.services.issue import Issued
from certsvc.services.verify_evidence import verify_code


@dataclass
class Watch:
    """What was seen so far: verdict and reason of every answer."""

    seen: list[tuple[str, str | None]] = field(default_factory=list)
    rounds: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stop: threading.Event = field(default_factory=threading.Event)

    def goes_on(self) -> None:
        """Waits until everything was verified once more, so that what follows begins while that goes on."""
        assert self.rounds.acquire(timeout=30)

    def _verify(self, world: World, issued: Sequence[Issued]) -> None:
        with world.another() as other:
            for _ in range(2_000):
                for one in issued:
                    report = verify_code(other.instance, one.code)
                    self.seen.append((report.verdict, report.reason))
                self.rounds.release()
                if self.stop.is_set():
                    return


@contextmanager
def watched(world: World, issued: Sequence[Issued]) -> Iterator[Watch]:
    """Verifies `issued` again and again until the block ends."""
    watch = Watch()
    watcher = threading.Thread(target=watch._verify, args=(world, issued))
    watcher.start()
    try:
        yield watch
    finally:
        watch.stop.set()
        watcher.join(60)
