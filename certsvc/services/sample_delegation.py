"""The delegation of the 2022 notice (吉林省2022年职称工作通知) as sample data: invented organisations and what each may do.

`data/delegation_2022.json` has one row per organisation, and one for a whole list of firms under one rule. Everything
goes through `enrol` and `delegation`, as an operator would type it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from certsvc import resources
from certsvc.core.errors import Refused
from certsvc.instance import Instance
from certsvc.services import documents, enrol
from certsvc.services.delegation import DAY, Delegation, delegate_all
from certsvc.store import keys as key_store

FILE = "delegation_2022.json"
NOTICE = "吉林省2022年职称工作通知(示例)"
#: A demo stands for years, and the keys of a sample must not end before its grants.
KEY_YEARS = 10
#: Names of the officers of every row. One office may lawfully notify its own people and vote on them; one human may not.
OFFICERS = {1: "样章人", 2: "样评人"}
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class SampleGrant:
    """One role of an organisation. At most one of its grants may be passed on: the one with a depth."""

    role: str
    acts: tuple[str, ...]
    depth: int = 0
    officer: int = 1
    """Which officer acts under it. Where one human may not do two things, there are two (docs/decisions/0031)."""


@dataclass(frozen=True)
class SampleRow:
    """One organisation."""

    id: str
    name_zh: str
    name_en: str
    kind: str
    region: str
    parent: str | None
    """The row whose grant is passed on; None for the authority of the instance."""
    grants: tuple[SampleGrant, ...]
    scope: Mapping[str, Any]
    ratios: Mapping[str, int]
    """Level -> approved share in percent."""
    years: int
    """Term of the grants."""
    source: str
    """Clause of the notice."""
    meaning: str

    def officer(self, grant: SampleGrant) -> str:
        """The id of the officer who acts under a grant of this row."""
        return f"{self.id}-{grant.officer}"


def sample_rows() -> tuple[SampleRow, ...]:
    """Every organisation, each after the one that it stands under; a list is spread into its members."""
    data = json.loads(resources.text(FILE))
    return tuple(row for value in data["rows"] for row in _spread(value, data["lists"]))


def _spread(value: Mapping[str, Any], lists: Mapping[str, Any]) -> list[SampleRow]:
    members = {name: said for name, said in value.items() if name != "list"}
    row = SampleRow(**{**members, "grants": tuple(_grant(one) for one in value["grants"])})
    if "list" not in value:
        return [row]
    return [_member(row, one) for one in lists[value["list"]]]


def _grant(value: Mapping[str, Any]) -> SampleGrant:
    return SampleGrant(value["role"], tuple(value["acts"]), value.get("depth", 0), value.get("officer", 1))


def _member(row: SampleRow, one: Mapping[str, str]) -> SampleRow:
    """An organisation of a list: its own name and region, everything else as the rule says."""
    names = {name: one[name] for name in ("id", "name_zh", "name_en", "region")}
    return replace(row, **names, scope={**row.scope, "regions": [one["region"]]})  # type: ignore[arg-type]


def enrol_sample(instance: Instance, progress: Progress = lambda done, total: None) -> int:
    """Enrols every organisation of the sample that is not there yet and gives its grants; returns how many were new.

    Raises Refused in production. What an interrupted run left is completed by the next one.
    """
    if instance.settings.environment != "test":
        zh, en = "示例授权只用于测试或演示环境", "The sample delegation is for test and demo homes only."
        raise Refused("sample_production", zh, en, "certsvc demo")
    rows, new = sample_rows(), 0
    for place, row in enumerate(rows):
        progress(place, len(rows))
        new += _enrol(instance, row)
    documents.publish_trust(instance)
    progress(len(rows), len(rows))
    return new


def _enrol(instance: Instance, row: SampleRow) -> bool:
    """Whether anything was missing."""
    with instance.engines.read.connect() as connection:
        organisation = key_store.find_organisation(connection, row.id)
        officers = {one.id for one in key_store.list_officers(connection, org_id=row.id)}
        held = {grant.unverified_payload["role"] for grant in documents.grants_of(connection, row.id)}
    if organisation is None:
        uses = ("seal", "grant") if any(grant.depth for grant in row.grants) else enrol.SEALING_USES
        new = enrol.NewOrganisation(row.id, row.name_zh, row.name_en, row.kind, None, row.region, uses)
        enrol.enrol_organisation(instance, new, KEY_YEARS)
    missing = [grant for grant in row.grants if grant.role not in held]
    for officer, name in sorted({(row.officer(grant), OFFICERS[grant.officer]) for grant in missing}):
        if officer not in officers:
            enrol.enrol_officer(instance, officer, row.id, name, years=KEY_YEARS)
    delegate_all(instance, [_delegation(instance, row, grant) for grant in missing])
    return bool(missing)


def _delegation(instance: Instance, row: SampleRow, grant: SampleGrant) -> Delegation:
    with instance.engines.read.connect() as connection:
        above = None if row.parent is None else passed_on(connection, row.parent)
        until = instance.now() + row.years * 365 * DAY
        if above is not None:
            until = min(until, documents.load_document(connection, above, "grant+jwt").unverified_payload["exp"])
    paper = {"number": f"{NOTICE} {row.source}", "title": f"{row.name_zh}:{row.meaning}"[:200]}
    document = {**paper, "date": documents.today_of(instance)}
    officers = (row.officer(grant),)
    return Delegation(
        row.id, grant.role, document, officers, grant.acts, row.scope, until, above, grant.depth, row.ratios
    )  # fmt: skip


def passed_on(connection: Connection, org: str) -> str:
    """The newest grant of `org` that may be passed on, by hash. Raises IndexError when it has none."""
    return [grant.sha256 for grant in documents.grants_of(connection, org) if grant.unverified_payload["depth"]][-1]
