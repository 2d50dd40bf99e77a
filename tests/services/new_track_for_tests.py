"""A program run beside a copy of the package that has one more file of a track: `python new_track_for_tests.py FOLDER`.

It sets up a province, imports a roster that names the track T22 by its word, walks it and says what became of it.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

from world_for_tests import BATCHES, WALKS, World, build_world, opened

from certsvc.services.verify_evidence import verify_code

#: From 助理级 to 副高级: no question is asked where the track's own file says that a level may be skipped.
CHANGES = {"track": "示例方式", "current_title": "助理工程师"}


def main(folder: Path) -> dict[str, object]:
    build_world(folder / "home")
    with opened(folder / "home") as instance:
        world = World(instance, folder)
        world.at(0, hour=9)
        result = world.import_file(world.file(replace(BATCHES["T01"], people=1, **CHANGES)), {})
        questions = [question.code for question in result.open_questions]
        if questions:
            return {"questions": questions}
        (roster_id,) = result.rosters
        tracks = {entry.track for entry in world.entries(roster_id)}
        for day, kind, officers in WALKS["T01"]:
            world.at(day)
            world.sign(kind, roster_id, *officers)
        verdicts = [verify_code(instance, one.code).verdict for one in world.issue(roster_id)]
        return {"questions": [], "tracks": sorted(tracks), "verdicts": verdicts}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
