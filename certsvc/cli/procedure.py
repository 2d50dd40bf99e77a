"""`procedure`: the signed procedures, and a draft tried against the rosters of a year."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from certsvc.cli.errors import fault_words
from certsvc.cli.options import opens_home
from certsvc.cli.say import bar, next_step, out, paint, table, talk
from certsvc.core.calendar import local_date
from certsvc.core.outcomes import About
from certsvc.instance import Instance
from certsvc.register.columns import BY_KEY
from certsvc.services.overview import offices
from certsvc.services.procedures import procedure_of, procedures
from certsvc.services.simulate import UNASKED, Outcome, Reason, Simulation, read_draft, simulate
from certsvc.verify.words_terms import ACTS, ROLES

_VERDICTS = {
    "lawful": ("合规", "lawful", "green"),
    "void": ("程序无效", "void", "red"),
    "cannot_decide": ("无法判定", "cannot decide", "yellow"),
    "open": ("未办完", "not finished", "white"),
}
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON")


@click.group("procedure")
def procedure_command() -> None:
    """程序:列表、内容、草案试算 · Procedures: list, show, and try a draft."""


@procedure_command.command("list")
@opens_home
def list_procedures(instance: Instance) -> None:
    """已签发的程序 · The signed procedures."""
    rows = [
        (
            one.payload["track"],
            one.payload["version"],
            one.payload["title"]["zh"],
            one.payload["title"]["en"],
            local_date(max(one.payload["nbf"], one.payload["iat"])),
            local_date(one.payload["exp"]),
            "✔" if one.newest else "",
        )
        for one in procedures(instance)
    ]
    table(("方式 track", "版本 version", "名称", "title", "起 from", "止 to", "现行 newest"), rows)


@procedure_command.command("show")
@click.argument("track", metavar="TRACK")
@_JSON
@opens_home
def show_procedure(instance: Instance, track: str, as_json: bool) -> None:
    """一种取得方式的步骤和规则;--json 可作草案的底稿 · Its steps and rules; --json is a start for a draft."""
    payload = procedure_of(instance, track).payload
    if as_json:
        draft = {name: value for name, value in payload.items() if name != "iat"}
        out(json.dumps(draft, ensure_ascii=False, indent=1))
        return
    out(f"{payload['track']}  {payload['title']['zh']} · {payload['title']['en']}  v{payload['version']}")
    table(
        ("环节 act", "", "机构 roles", "人 signers", "工作日 days", "事实 facts", "依据 rule"),
        map(_step, payload["steps"]),
    )
    for name, words in (("apart", "分开 apart"), ("apart_people", "不同人 different people")):
        for first, second in payload[name]:
            out(f"{words}: {ACTS[first][0]} {first} ≠ {ACTS[second][0]} {second}")


def _step(step: Mapping[str, Any]) -> tuple[object, ...]:
    facts = " ".join(fact["name"] for fact in (*step["facts"], *step["row_facts"]))
    roles = "、".join(ROLES[role][0] for role in step["roles"])
    days = "" if step["min_working_days"] is None else step["min_working_days"]
    return step["act"], ACTS[step["act"]][0], roles, step["signers"], days, facts, step["rule"]


@procedure_command.command("simulate")
@click.argument("draft", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="DRAFT.json")
@click.option("--against", "year", type=int, required=True, metavar="YEAR", help="以往年度 · a past year")
@_JSON
@opens_home
def simulate_draft(instance: Instance, draft: Path, year: int, as_json: bool) -> None:
    """草案试算:以往花名册按草案会有哪些无效、为何;不写入任何内容 · Which past rosters a draft would make void, and why."""
    proposed = read_draft(draft.read_bytes())
    with bar("试算 simulate") as progress:
        found = simulate(instance, proposed, year, progress)
    names = {office.organisation.id: office.organisation.name_zh for office in offices(instance)}
    if as_json:
        out(json.dumps(_json(found, names), ensure_ascii=False, indent=2))
        return
    for outcome in found.outcomes:
        _tell(outcome, names)
    _sum_up(found)


def _tell(outcome: Outcome, names: dict[str, str]) -> None:
    zh, en, colour = _VERDICTS[outcome.verdict]
    roster, already = outcome.roster, ""
    if outcome.already:
        already = f"  按原程序已有 {outcome.already} 人不合规 · {outcome.already} were not lawful before"
    people = f"{outcome.people} 人 people, {outcome.certificates} 证 certificates"
    out(f"{roster.id}  {paint(f'{zh} {en}', fg=colour)}  {roster.label}  {people}{already}")
    for reason in outcome.reasons:
        zh, en = _sentence(reason, names)
        out(f"    {zh}")
        out(f"    {en}")
        out(f"    [{reason.code}] {reason.people} 人 people, {reason.certificates} 证 certificates · {reason.rule}")


def _sum_up(found: Simulation) -> None:
    track, version = found.draft["track"], found.draft["version"]
    void = [one for one in found.outcomes if one.verdict == "void"]
    counts = " · ".join(
        f"{_VERDICTS[verdict][0]} {_VERDICTS[verdict][1]} {found.count(verdict)}" for verdict in _VERDICTS
    )
    out(f"{track} v{version} / {found.year}: {len(found.outcomes)} 花名册 rosters: {counts}")
    people, certificates = sum(o.affected for o in void), sum(o.affected_certificates for o in void)
    out(f"受影响 affected: {people} 人 people, {certificates} 证 certificates")
    talk("试算而已,未写入任何内容 · A trial; nothing was written.")
    if not found.outcomes:
        next_step("certsvc roster list")


def _sentence(reason: Reason, names: dict[str, str]) -> tuple[str, str]:
    if reason.code == UNASKED:
        asked, act, org = reason.figures["names"].split(","), str(reason.act), str(reason.org)
        zh = f"{names.get(org, org)}办理“{ACTS[act][0]}”时没有要求{'、'.join(map(_column, asked))},花名册中也没有,无法判断。"
        en = f"“{ACTS[act][1]}” did not ask {names.get(org, org)} for {', '.join(asked)}, and the roster has none: it stays open."
        return zh, en
    return fault_words(reason.code, About(reason.act, reason.org, dict(reason.figures)), names)


def _column(name: str) -> str:
    """A figure as rosters name it."""
    return f"“{BY_KEY[name].zh}”" if name in BY_KEY else name


def _json(found: Simulation, names: dict[str, str]) -> dict[str, Any]:
    """Rosters with their reasons, and the sums."""
    void = [one for one in found.outcomes if one.verdict == "void"]
    return {
        "track": found.draft["track"],
        "version": found.draft["version"],
        "against": found.year,
        "rosters": [_roster_json(one, names) for one in found.outcomes],
        "summary": {
            **{verdict: found.count(verdict) for verdict in _VERDICTS},
            "people": sum(one.affected for one in void),
            "certificates": sum(one.affected_certificates for one in void),
        },
    }


def _roster_json(one: Outcome, names: dict[str, str]) -> dict[str, Any]:
    counted = ("verdict", "people", "certificates", "affected", "affected_certificates", "already")
    return {
        "roster": one.roster.id,
        "label": one.roster.label,
        **{name: getattr(one, name) for name in counted},
        "reasons": [
            {**reason.__dict__, **dict(zip(("zh", "en"), _sentence(reason, names), strict=True))}
            for reason in one.reasons
        ],
    }
