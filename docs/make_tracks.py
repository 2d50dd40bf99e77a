"""Makes docs/tracks.md from the procedure files: `python docs/make_tracks.py`."""

import json
from pathlib import Path
from typing import Any

from certsvc import resources
from certsvc.core.titles import LEVELS
from certsvc.verify.words_terms import ACTS, ROLES

HEAD = """# 取得方式 · Tracks

Made from `certsvc/data/procedures/*.json` by `python docs/make_tracks.py`; a test compares. A new track is one such file
(a test drops one in and issues by it) and, like every track, has a lawful walk in `tests/vectors/walks.json` and its vectors in
`tests/vectors/tracks.json`: no program is changed. All of a file is signed by `certsvc keys procedures`, except its `roster_words`: the words by which a roster names the track, of
which the first one also names the roster itself. An act names the hash of the procedure that it follows. The importer
takes from the same file how many levels somebody may rise. T15 and T21 lead to no certificate. Where a source is silent
the stricter reading was taken: [decision 12](decisions/0012-tracks-as-data.md).

Behind each act stand its roles in brackets (`+`: the county and the city where they are above the
unit, [decision 23](decisions/0023-who-recommends.md); `/`: one of them), the working
days until the next act (`≥ 5 d`), and its facts in code, as in [format.md](format.md#47-predicates). Where a committee
meets several times about the same people the officer says which meeting it was: `certsvc act evaluate R0001 --officer C1
--fact stage=2`.
"""
LEVEL = {level.token: level.zh for level in LEVELS}


def page() -> str:
    """The whole document, with a newline at its end."""
    procedures = [track.procedure for track in resources.tracks().values()]
    rows = ["| | 方式 · Track | 证书用语 | 级别 | 系列 | 依据 |", "|---|---|---|---|---|---|", *map(_row, procedures)]
    return "\n".join((HEAD, *rows, "", *(line for one in procedures for line in _section(one))))


def _row(one: dict[str, Any]) -> str:
    levels = "、".join(LEVEL[token] for token in one["levels"])
    series = "、".join(one["series"]).replace("*", "全部 all")
    name = f"[{one['title']['zh']}](#{one['track'].lower()}) · {one['title']['en']}"
    return f"| {one['track']} | {name} | {one['word']} | {levels} | {series} | {';'.join(one['sources'])} |"


def _section(one: dict[str, Any]) -> list[str]:
    steps = [f"{n}. {_step(step)}" for n, step in enumerate(one["steps"], start=1)]
    apart, people = (
        "、".join(f"{ACTS[a][0]} ≠ {ACTS[b][0]}" for a, b in one[name]) for name in ("apart", "apart_people")
    )
    dated = f"取得时间 · award date: {ACTS[one['award_date']][0]}。 不得同一机构或同一人 · apart: {apart}"
    said = f"不得同一人 · different people: {people}"
    return [
        f"## {one['track']}",
        "",
        f"{one['title']['zh']} · {one['title']['en']}",
        "",
        *steps,
        "",
        dated,
        "",
        said,
        "",
    ]


def _step(step: dict[str, Any]) -> str:
    roles = (" + " if step["each_role"] else " / ").join(ROLES[role][0] for role in step["roles"])
    said = [f"{ACTS[step['act']][0]} {ACTS[step['act']][1]} ({roles})"]
    if step["min_working_days"]:
        said.append(f"≥ {step['min_working_days']} d")
    said += [_fact(fact) for fact in (*step["facts"], *step["row_facts"])]
    return f"{'; '.join(said)} — {step['rule']}"


def _fact(fact: dict[str, Any]) -> str:
    args = json.dumps(fact["args"], ensure_ascii=False)[1:-1].replace('"', "") if fact["args"] else ""
    return f"`{fact['name']}({args})`"


if __name__ == "__main__":
    Path(__file__).with_name("tracks.md").write_text(page(), encoding="utf-8")
