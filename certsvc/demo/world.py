"""The invented province: organisations, officers and what each is granted. Every name is visibly made up."""

from dataclasses import dataclass

from certsvc.core.schemas import LIFECYCLE_ACTS, PATH_ACTS
from certsvc.instance import Instance
from certsvc.services import documents, enrol, witness, witness_list
from certsvc.services.ceremony import Plan
from certsvc.services.delegation import TOP_DEPTH
from certsvc.services.log_leaves import together
from certsvc.store import keys as key_store

AUTHORITY = "SL-HRSS"
ALL_LEVELS = ["senior", "deputy_senior", "intermediate", "assistant", "junior"]
#: A demo must stand for years, so its keys live longer than a production's three.
KEY_YEARS = 12
WITNESSES = ("north", "south")


@dataclass(frozen=True)
class Place:
    """An organisation, its officers (id -> invented name) and the grants it gets."""

    id: str
    name_zh: str
    name_en: str
    kind: str
    region: str
    officers: tuple[tuple[str, str], ...]
    grants: tuple[tuple[str, tuple[str, ...]], ...]
    """(role, acts)"""
    levels: tuple[str, ...] = tuple(ALL_LEVELS)
    series: tuple[str, ...] = ("*",)
    tracks: tuple[str, ...] = ("*",)


COMMITTEE = (("committee_office", ("accept", "draw")), ("committee", ("evaluate",)))
UNIT = (("unit", ("unit_notice",)),)

PLACES: tuple[Place, ...] = (
    Place("SL-U1", "示例机械研究所", "Sample Machinery Institute", "unit", "220100", (("U1", "周样办"),), UNIT),
    Place("SL-U2", "示例勘测设计院", "Sample Survey Institute", "unit", "220100", (("U2", "吴样办"),), UNIT),
    Place("SL-U3", "示例数据中心", "Sample Data Centre", "unit", "220200", (("U3", "郑样办"),), UNIT),
    Place("SL-U4", "示例县农业技术站", "Sample County Farm Station", "unit", "220122", (("U4", "冯样办"),), UNIT),
    Place("SL-CO", "示例县人社局", "Sample County HRSS", "county", "220122", (("CO", "孔样荐"),), (("county", ("recommend", "file")),)),
    Place("SL-CC", "示例甲市人社局", "Sample City A HRSS", "city", "220100", (("CC", "陈样核"),), (("city", ("recommend", "file")),)),
    Place("SL-JL", "示例乙市人社局", "Sample City B HRSS", "city", "220200", (("JL", "褚样核"),), (("city", ("recommend", "file")),)),
    Place(
        "SL-EC", "示例工程系列高级评委会", "Sample Senior Engineering Committee", "committee", "220000",
        (("EC", "卫样主"),), COMMITTEE, ("senior", "deputy_senior", "intermediate"), ("05",), ("T01",),
    ),
    Place(
        "SL-MC", "示例工程系列中级评委会", "Sample Intermediate Engineering Committee", "committee", "220000",
        (("MC", "蒋样主"),), COMMITTEE, ("intermediate", "assistant"), ("05",), ("T01",),
    ),
    Place(
        "SL-GC", "示例基层农业评委会", "Sample Grass-roots Farming Committee", "committee", "220000",
        (("GC", "沈样主"),), COMMITTEE, ("deputy_senior",), ("06",), ("T06",),
    ),
    Place(
        "SL-AF", "示例汽车集团(自主评审)", "Sample Motor Group (autonomous review)", "firm", "220100",
        (("AF", "韩样主"),), (*COMMITTEE, ("organiser", ("result_notice",))),
        ("deputy_senior", "intermediate"), ("05",), ("T04",),
    ),
    Place(
        "SL-OR", "示例省职称评审服务中心", "Sample Review Service Centre", "department", "220000",
        (("OR", "杨样公"),), (("organiser", ("result_notice",)),),
    ),
    Place(
        "SL-SV", "示例省行业主管部门", "Sample Supervising Department", "department", "220000",
        (("SV", "朱样监"),), (("supervisor", ("settle_objections",)),),
    ),
    Place(
        "SL-AP", "示例省人社厅职称处", "Sample HRSS Titles Division", "hrss", "220000",
        (("AP", "秦样批"),), (("hrss", ("approve", "file")),),
    ),
)  # fmt: skip
#: Officers of the authority: two for the issue act, and one proposes what another decides.
AUTHORITY_OFFICERS = (("H1", "尤样章"), ("H2", "许样章"), ("H3", "何样理"))


def plan(public_url: str, name: str = "示例省人力资源和社会保障厅") -> Plan:
    """The ceremony of the demo: a test root that requires a log, an invented authority with an invented USCC."""
    return Plan(
        public_url=public_url,
        authority=AUTHORITY,
        authority_zh=name,
        authority_en="Sample Province HRSS (invented)",
        authority_uscc="112200009999999985",
        test=True,
        log_required=True,
        demo=True,
        signer_years=KEY_YEARS,
        certificate_zh="示例省专业技术资格证书",
        certificate_en="Professional Qualification Certificate of Sample Province",
    )


def populate(instance: Instance) -> None:
    """Appoints the witnesses, enrols every organisation and officer, gives the grants, and publishes calendar,
    procedures and trust.

    The witnesses before anything is signed, so that every leaf has cosigned checkpoints on both of its sides.
    """
    _appoint_witnesses(instance)
    with together(instance):
        _enrol_everybody(instance)


def _appoint_witnesses(instance: Instance) -> None:
    """Two witnesses of the log beside it, both of which must have cosigned.

    Each is told the time by the demo's clock, so that a past that is made in a minute looks as it would have been.
    """
    rows = []
    for name in WITNESSES:
        folder = instance.home / "witnesses" / name
        # The demo is moved when it is done: its witnesses are found from where it stands.
        vkey = witness.create(folder, f"witness-{name}.example/certsvc-demo")
        rows.append({"url": f"file:{folder.relative_to(instance.home)}", "vkey": vkey})
    witness_list.write_list(instance, {"threshold": len(rows), "witnesses": rows})


def _enrol_everybody(instance: Instance) -> None:
    documents.publish_calendar(instance)
    documents.publish_procedures(instance)
    officers = [enrol.enrol_officer(instance, i, AUTHORITY, n, years=KEY_YEARS).jkt for i, n in AUTHORITY_OFFICERS]
    top = _grant_authority(instance, officers)
    for place in PLACES:
        _enrol(instance, place, top)
    documents.publish_trust(instance)


def _grant_authority(instance: Instance, officers: list[str]) -> str:
    with instance.engines.read.connect() as connection:
        uses = ("seal", "credential", "status", "pdf", "receipt", "grant")
        keys = [{"jkt": documents.own_key(connection, AUTHORITY, use).jkt, "use": use} for use in uses]
    keys += [{"jkt": jkt, "use": "officer"} for jkt in officers]
    acts = [*PATH_ACTS, *LIFECYCLE_ACTS]
    return documents.give_grant(instance, _grant(instance, AUTHORITY, None, "issuer", acts, keys, 10, TOP_DEPTH, {}))


def _enrol(instance: Instance, place: Place, top: str) -> None:
    new = enrol.NewOrganisation(place.id, place.name_zh, place.name_en, place.kind, None, place.region)
    seal = enrol.enrol_organisation(instance, new, KEY_YEARS)["seal"]
    keys = [{"jkt": seal.jkt, "use": "seal"}]
    for officer, name in place.officers:
        key = enrol.enrol_officer(instance, officer, place.id, name, years=KEY_YEARS)
        keys.append({"jkt": key.jkt, "use": "officer"})
    scope = {
        "levels": list(place.levels),
        "series": list(place.series),
        "tracks": list(place.tracks),
        "regions": [place.region if place.kind in ("city", "county") else "220000"],
    }
    for role, acts in place.grants:
        documents.give_grant(instance, _grant(instance, place.id, top, role, list(acts), keys, 3, 0, scope))


def _grant(
    instance: Instance,
    org: str,
    parent: str | None,
    role: str,
    acts: list[str],
    keys: list[dict[str, str]],
    years: int,
    depth: int,
    scope: dict[str, list[str]],
) -> dict[str, object]:
    every = {"series": ["*"], "specialties": ["*"], "levels": ALL_LEVELS, "regions": ["220000"], "tracks": ["*"]}
    return {
        "sub": org,
        "parent": parent,
        "role": role,
        "keys": keys,
        "acts": acts,
        "scope": {**every, **scope, "years": {"from": 2022, "to": 2030}},
        "ratios": {},
        "depth": depth,
        "nbf": instance.now(),
        "exp": instance.now() + years * 365 * 86_400,
        "document": {"number": "示例函〔2025〕1号", "title": "示例授权文件", "date": documents.today_of(instance)},
    }


def describe(instance: Instance) -> list[tuple[str, str, str, str]]:
    """(organisation, name, officers, acts it is granted): shown at the end, so that a visitor can try `act`."""
    with instance.engines.read.connect() as connection:
        rows = []
        for organisation in key_store.list_organisations(connection):
            officers = [o.id for o in key_store.list_officers(connection, org_id=organisation.id)]
            grants = documents.grants_of(connection, organisation.id)
            acts = sorted({act for grant in grants for act in grant.unverified_payload["acts"]})
            if officers:
                rows.append((organisation.id, organisation.name_zh, " ".join(officers), " ".join(acts)))
    return rows
