"""A program that dies once an act is durable: `python log_leaves_killed_for_tests.py HOME ROSTER CLOCK POINT`."""

import sys

from log_killed_for_tests import POINTS, arm

from certsvc.instance import open_instance
from certsvc.services import act

if __name__ == "__main__":
    _, home, roster, clock, point = sys.argv
    opened = open_instance(home)
    opened.set_clock(int(clock))
    arm(opened, *POINTS[point])
    act.do_act(opened, act.Order("unit_notice", roster, ("U1",)))
    print("done", flush=True)
