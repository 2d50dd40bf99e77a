"""A program that the test of the drill starts and kills: `python drilled_for_tests.py HOME CLOCK JKT SINCE THEN`.

It does what `certsvc keys compromised` does, says `ready` when the work on certificates begins, and loads nothing else.
"""

import sys

from certsvc.instance import open_instance
from certsvc.services import compromise
from certsvc.services.damage import find_damage

PAPER = {"number": "示例函〔2025〕9号", "title": "示例处置文件", "date": "2025-04-01"}

if __name__ == "__main__":
    _, home, clock, jkt, since, then = sys.argv
    opened = open_instance(home)
    opened.set_clock(int(clock))
    compromise.condemn(opened, jkt, int(since), PAPER)
    damage = find_damage(opened, jkt, int(since))
    print("ready", flush=True)
    compromise.remedy(opened, damage, then, compromise.Officers("H1", "H2"), PAPER)
    opened.close()
    print("done", flush=True)
