"""A program that the test of `kill -9` starts and kills: `python killed_for_tests.py import HOME FILE|issue HOME ROSTER`.

It does what `certsvc roster import` and `certsvc issue` do, says `ready` when the work begins, and loads nothing else.
"""

import secrets
import sys
from pathlib import Path

from certsvc import resources
from certsvc.core.calendar import local_date
from certsvc.instance import Instance, open_instance
from certsvc.register.roster_reader import read_roster
from certsvc.services import issue
from certsvc.services.import_roster import import_roster

#: Small, so that a kill meets each stage of many chunks.
CHUNK = 20


def take_in(instance: Instance, file: str) -> None:
    today = local_date(instance.now())
    read = read_roster(Path(file), titles=resources.titles(), regions=resources.regions(), today=today)
    print("ready", flush=True)
    import_roster(
        instance.engines,
        instance.data_keys,
        read,
        now=instance.now(),
        officer=None,
        decisions={},
        random_bytes=secrets.token_bytes,
    )


def give_out(instance: Instance, roster_id: str) -> None:
    issue.CHUNK = CHUNK
    print("ready", flush=True)
    for _ in issue.issue(instance, roster_id):
        pass


if __name__ == "__main__":
    _, work, home, what, clock = sys.argv
    opened = open_instance(home)
    opened.set_clock(int(clock))
    {"import": take_in, "issue": give_out}[work](opened, what)
    opened.close()
    print("done", flush=True)
