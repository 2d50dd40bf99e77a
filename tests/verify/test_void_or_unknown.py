"""Void and cannot_decide are never one for the other: a power that was lacking is void, evidence that is lacking is not.

Every document of a bundle is left out, broken, and signed by somebody else; a bundle that shows too little never
accuses anybody, and one that shows something wrong never hides behind "cannot decide".
"""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from support_changes import apply_changes
from support_forge import Forge, judge
from support_instance import OFFICES, SCHEDULE, SmallInstance
from test_vectors import VECTORS

from certsvc.core.chain import certificate_key, has_issued, load_certificate
from certsvc.core.encoding import b64, canonical, digest, parse_json, unb64
from certsvc.core.jose import thumbprint
from certsvc.core.kinds import KINDS
from certsvc.core.schemas import PATH_ACTS
from certsvc.verify import words
from certsvc.verify.report import Report, Row

ACTS = tuple(kind for kind, _, _ in SCHEDULE)
GRANTS = ("issuer", *(role for _, roles in OFFICES.values() for role in roles))
DOCUMENTS = (
    "credential", "procedure", "calendar", "trust", "status",
    *(f"acts.{kind}" for kind in ACTS), *(f"grants.{role}" for role in GRANTS),
)  # fmt: skip
SUSPENDED: list[dict[str, Any]] = [
    {"do": "event", "act": "suspend", "at": "@day:43"},
    {"do": "event", "act": "reinstate", "at": "@day:43", "reason": "cleared"},
]
CORRECTED: list[dict[str, Any]] = [{"do": "correct", "name": "样章更", "at": "@day:43"}]
LIFECYCLE: dict[str, list[dict[str, Any]]] = {
    **{f"events.{n}.{half}": SUSPENDED for n in (0, 1) for half in ("propose", "decide")},
    **{f"corrections.0.{half}": CORRECTED for half in ("propose", "decide")},
}


def after(small: SmallInstance, changes: list[dict[str, Any]], edit: Callable[[dict[str, Any]], None]) -> Report:
    """The Report on a bundle that was changed after everything was signed."""
    forge = apply_changes(Forge(small), changes)
    forge.after.append(edit)
    return judge(small, forge.build())


# --- left out ------------------------------------------------------------------------------------------------------


def kids_of(value: Any) -> set[str]:
    """The key ids of every signature anywhere in a bundle."""
    if isinstance(value, dict) and value.keys() == {"payload", "signatures"}:
        return {json.loads(unb64(one["protected"]))["kid"] for one in value["signatures"]}
    if isinstance(value, dict):
        return {kid for one in value.values() for kid in kids_of(one)}
    if isinstance(value, list):
        return {kid for one in value for kid in kids_of(one)}
    return (
        {json.loads(unb64(value.split(".")[0]))["kid"]} if isinstance(value, str) and value.count(".") == 2 else set()
    )


def tidy(value: dict[str, Any]) -> None:
    """Takes out of a bundle what nothing in it names any more, so that nothing unused betrays what was left out."""
    acts = [parse_json(unb64(step["act"]["payload"])) for step in value["path"]]
    named = {one for act in acts for one in act["grants"]}
    payloads = {digest(one.encode()): parse_json(unb64(one.split(".")[1])) for one in value["grants"]}
    parents = {one["parent"] for one in payloads.values()}
    issuers = {name for name, one in payloads.items() if one["sub"] == "HRSS"}
    value["grants"] = [one for one in value["grants"] if digest(one.encode()) in named | parents | issuers]
    value["calendars"] = [
        one for one in value["calendars"] if digest(one.encode()) in {act["calendar"] for act in acts}
    ]
    kids, certs = kids_of(value), [unb64(one) for one in value["certs"]]
    signers = [der for der in certs if thumbprint(certificate_key(load_certificate(der))) in kids]
    cas = [der for der in certs if any(has_issued(der, one) for one in signers)]
    value["certs"] = [b64(der) for der in (*signers, *cas)]


def left_out(forge: Forge, name: str) -> Callable[[dict[str, Any]], None]:
    """The edit that leaves a document out of the bundle."""
    head, text = name.split(".")[0], forge.document(name).decode()

    def edit(value: dict[str, Any]) -> None:
        if head == "acts":
            value["path"] = [step for step in value["path"] if canonical(step["act"]) != text.encode()]
        elif head == "grants":
            value["grants"].remove(text)
        elif head == "calendar":
            value["calendars"] = []
        else:
            del value[head]
        if head in ("acts", "grants", "calendar"):
            tidy(value)

    return edit


#: Faults of the committee, of each kind that is judged by a grant or by facts.
OF_THE_COMMITTEE = ("act_not_granted", "grant_expired", "grant_withdrawn", "key_in_no_grant", "quorum", "yes_votes")


@pytest.mark.parametrize("other", ["UNIT", "APPR"])
@pytest.mark.parametrize("fault", OF_THE_COMMITTEE)
def test_a_grant_of_another_office_that_is_left_out_hides_no_fault(
    fault: str, other: str, small_instance: SmallInstance
) -> None:
    (vector,) = [one for one in VECTORS if one["id"] == fault]
    forge = apply_changes(Forge(small_instance), vector["changes"])
    whole = judge(small_instance, forge.build())

    def leave_out(value: dict[str, Any]) -> None:
        value["grants"] = [one for one in value["grants"] if parse_json(unb64(one.split(".")[1]))["sub"] != other]
        value["grant_logs"] = [None] * len(value["grants"])
        tidy(value)

    forge.after.append(leave_out)
    report = judge(small_instance, forge.build())
    assert "grant_missing" in {row.code for row in report.rows}
    assert (report.verdict, report.reason, report.about.org) == ("void", whole.reason, whole.about.org)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_is_left_out_makes_nothing_void(name: str, small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    forge.after.append(left_out(forge, name))
    report = judge(small_instance, forge.build())
    # A certificate without its procedure is no bundle of ours at all; the others leave the answer open.
    broken = name in ("credential", "procedure", "trust", "status")
    assert report.verdict == ("tampered" if broken else "cannot_decide")
    assert not any(row.outcome == "fail" for row in report.rows)
    if not broken:
        check_undecided(report, name)


def check_undecided(report: Report, name: str) -> None:
    """Nobody is accused, and what is open is told by a code that has words, with the act beside the one that is left out."""
    failed = [(row.id, row.code) for row in report.rows if row.outcome == "fail"]
    assert (report.verdict, failed) == ("cannot_decide", []), name
    told = [row for row in report.rows if row.outcome in ("unknown", "not_run")]
    assert {str(row.code) for row in told} <= words.CODES.keys() - {"check_raised"}, name
    assert {row.about.figures["act"] for row in told if row.code == "act_left_out"} <= set(PATH_ACTS), name


#: Lawful paths of other shapes than the one that all tests share: what is changed in that one.
TWICE = {
    "county": ("recommend", "city"), "county_files": ("approve", "hrss"), "province_files": ("approve", "hrss"),
    "second_vote": ("evaluate", None), "third_vote": ("evaluate", None),
}  # fmt: skip


def again(name: str, **other: Any) -> list[dict[str, Any]]:
    """One more act like the one that `TWICE` says, where it says so under a grant of the same name."""
    like, role = TWICE[name]
    made: list[dict[str, Any]] = [
        {"do": "copy", "at": f"acts.{like}", "to": f"acts.{name}"},
        {"do": "copy", "at": f"rows.{like}", "to": f"rows.{name}"},
        {"do": "set", "at": f"acts.{name}.jti", "to": f"a-{name}"},
        {"do": "set", "at": f"acts.{name}.roster.root", "to": f"@roster.{name}"},
    ]
    if role is not None:
        made += [
            {"do": "copy", "at": f"grants.{role}", "to": f"grants.{name}"},
            {"do": "set", "at": f"grants.{name}.jti", "to": f"g-{name}"},
            {"do": "set", "at": f"acts.{name}.grants", "to": [f"@grants.{name}"]},
        ]
    return [*made, *({"do": "set", "at": at.replace("__", f".{name}."), "to": to} for at, to in other.items())]


def along(*path: str) -> list[dict[str, Any]]:
    """The path through these acts, each of which names the one before."""
    links = [{"do": "set", "at": f"acts.{b}.prev", "to": [f"@acts.{a}"]} for a, b in pairwise(path)]
    return [*links, {"do": "set", "at": "path", "to": list(path)}]


def step(act: str, role: str, stage: int | None = None) -> dict[str, Any]:
    facts = [] if stage is None else [{"name": "stage", "args": {"stage": stage}}]
    return {
        "act": act, "roles": [role], "each_role": False, "signers": 1, "facts": facts, "row_facts": [],
        "min_working_days": None, "rule": "示例",
    }  # fmt: skip


SHAPES: dict[str, list[dict[str, Any]]] = {
    "two_recommendations": [
        *again("county", grants__role="county"), *along("unit_notice", "county", *ACTS[1:]),
    ],
    "a_recommendation_before_each": [
        *again("county", grants__role="county"), *along("unit_notice", "county", *ACTS[1:]),
        {"do": "set", "at": "procedure.steps.1.roles", "to": ["city"]},
        {"do": "insert", "at": "procedure.steps", "place": 1, "value": step("recommend", "county")},
    ],
    "two_filings": [
        *again("county_files", acts__act="file", grants__acts=["file"], grants__role="county"),
        *again("province_files", acts__act="file", grants__acts=["file"]), *along(*ACTS[:7], "county_files", "province_files", "issue"),
        {"do": "remove", "at": "grants.hrss"}, {"do": "set", "at": "procedure.apart", "to": []},
        {"do": "set", "at": "procedure.steps.7", "to": step("file", "hrss")},
        {"do": "insert", "at": "procedure.steps", "place": 7, "value": step("file", "county")},
        {"do": "set", "at": "acts.county_files.document.number", "to": "示例县1号"},
    ],
    "three_votes": [
        {"do": "set", "at": "acts.evaluate.facts.stage", "to": 1},
        *again("second_vote", acts__facts={"stage": 2}), *again("third_vote", acts__facts={"stage": 3}),
        {"do": "set", "at": "acts.second_vote.document.number", "to": "示例二号"},
        *along(*ACTS[:5], "second_vote", "third_vote", *ACTS[5:]),
        *({"do": "insert", "at": "procedure.steps", "place": place, "value": step("evaluate", "committee", place - 3)} for place in (5, 6)),
        {"do": "add", "at": "procedure.steps.4.facts", "value": {"name": "stage", "args": {"stage": 1}}},
    ],
    "divided": [
        {"do": "pad", "acts": ["unit_notice", "recommend", "accept", "draw"], "by": 2},
        {"do": "set", "at": "acts.evaluate.roster.count", "to": 5},
        {"do": "set", "at": "acts.evaluate.parts", "to": [
            {"root": "A" * 43, "count": 2}, {"root": "@roster.evaluate", "count": 3},
        ]},
        {"do": "set", "at": "acts.result_notice.part", "to": 1},
    ],
    "procedure_ended_after_the_first_act": [{"do": "set", "at": "procedure.exp", "to": "@day:2"}],
    "issuer_with_two_grants": [
        {"do": "copy", "at": "grants.issuer", "to": "grants.rotated"},
        {"do": "set", "at": "grants.rotated.jti", "to": "g-rotated"},
        {"do": "set", "at": "grants.rotated.keys", "to": [{"jkt": "@key:HRSS.credential", "use": "credential"}]},
        {"do": "set", "at": "grants.issuer.keys", "to": [
            *({"jkt": f"@key:HRSS.{use}", "use": use} for use in ("seal", "status", "grant")),
            *({"jkt": f"@key:HRSS-{n}", "use": "officer"} for n in (1, 2)),
        ]},
        *SUSPENDED,
    ],
    "corrected": CORRECTED,
    "corrected_twice": [{"do": "correct", "name": "样章改", "at": "@day:42+3600"}, {"do": "reissue", "at": "@day:43"}],
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_no_act_or_grant_of_a_path_of_any_shape_that_is_left_out_makes_anything_void(
    shape: str, small_instance: SmallInstance
) -> None:
    genuine = apply_changes(Forge(small_instance), SHAPES[shape])
    assert judge(small_instance, genuine.build()).verdict == "valid"
    names = *(f"acts.{one}" for one in genuine.tree["path"]), *(f"grants.{one}" for one in genuine.tree["grants"])
    for name in names:
        forge = apply_changes(Forge(small_instance), SHAPES[shape])
        forge.after.append(left_out(forge, name))
        check_undecided(judge(small_instance, forge.build()), name)


@pytest.mark.parametrize("shape", ["two_recommendations", "three_votes", "divided", "corrected"])
def test_a_path_that_is_cut_off_at_either_end_makes_nothing_void(shape: str, small_instance: SmallInstance) -> None:
    length = len(apply_changes(Forge(small_instance), SHAPES[shape]).tree["path"])
    for kept in (*(slice(n) for n in range(length)), *(slice(n, None) for n in range(1, length))):

        def edit(value: dict[str, Any], kept: slice = kept) -> None:
            value["path"] = value["path"][kept]
            tidy(value)

        check_undecided(after(small_instance, SHAPES[shape], edit), str(kept))


def test_the_year_of_an_application_is_not_told_by_a_later_act_where_the_first_may_be_left_out(
    small_instance: SmallInstance,
) -> None:
    vectors = json.loads((Path(__file__).parents[1] / "vectors" / "verify.json").read_text("utf-8"))
    changes = next(one["changes"] for one in vectors if one["id"] == "application_called_two_years_older")
    assert judge(small_instance, apply_changes(Forge(small_instance), changes).build()).reason == "application_year"
    forge = apply_changes(Forge(small_instance), changes)
    forge.after.append(left_out(forge, "acts.unit_notice"))
    check_undecided(judge(small_instance, forge.build()), "unit_notice")


def test_a_key_certificate_that_is_left_out_makes_nothing_void(small_instance: SmallInstance) -> None:
    certs = parse_json(small_instance.bundle())["certs"]
    names = [x509.load_der_x509_certificate(unb64(one)).subject.rfc4514_string() for one in certs]
    for place, name in enumerate(names):
        report = after(small_instance, [], lambda value, place=place: value["certs"].pop(place))
        answer = (report.verdict, report.reason)
        # Without the issuing CA nobody vouches for any key: that is a forged chain, and nobody's power was lacking.
        expected = {("cannot_decide", "key_unknown"), ("tampered", "cert_chain")}
        assert answer in expected, name


@pytest.mark.parametrize("later", ["procedure", "calendar"])
def test_an_older_trust_bundle_in_the_place_of_the_newer_makes_nothing_void(
    later: str, small_instance: SmallInstance
) -> None:
    changes: list[dict[str, Any]] = [{"do": "set", "at": f"{later}.iat", "to": "@day:1"}]
    genuine = apply_changes(Forge(small_instance), [*changes, {"do": "set", "at": "trust.iat", "to": "@day:1"}])
    assert judge(small_instance, genuine.build()).verdict == "valid"
    older = Forge(small_instance)
    older.tree["trust"][f"{later}s"] = []
    text = older.document("trust").decode()
    report = after(small_instance, changes, lambda value: value.update(trust=text))
    failed = [(row.id, row.code) for row in report.rows if row.outcome == "fail"]
    assert (report.verdict, report.reason, failed) == ("cannot_decide", "trust_older", [])


@pytest.mark.parametrize("member", ["events", "corrections"])
def test_a_change_of_status_that_is_left_out_makes_nothing_void(member: str, small_instance: SmallInstance) -> None:
    changes = SUSPENDED if member == "events" else CORRECTED
    report = after(small_instance, changes, lambda value: value[member].pop())
    assert report.verdict == "cannot_decide"


@pytest.mark.parametrize("at", ["path", "entries", "salts.name", "status.list"])
def test_half_a_bundle_makes_nothing_void(at: str, small_instance: SmallInstance) -> None:
    def edit(value: dict[str, Any]) -> None:
        head, _, rest = at.partition(".")
        if rest:
            del value[head][rest]
        else:
            value[head] = []

    assert after(small_instance, [], edit).verdict in ("cannot_decide", "tampered")


# --- signed wrongly ------------------------------------------------------------------------------------------------


def other_signers(forge: Forge, name: str) -> list[str]:
    """Keys of another use in the place of those that signed."""
    typ = {"acts": "act+jwt", "grants": "grant+jwt"}.get(name.split(".")[0]) or {
        "credential": "vc+jwt", "procedure": "procedure+jwt", "calendar": "calendar+jwt", "trust": "trust+jwt",
        "status": "statuslist+jwt",
    }.get(name, "act+jwt")  # fmt: skip
    wrong = "HRSS.pdf" if "policy" not in KINDS[typ].uses[0] else "HRSS.receipt"
    return [wrong for _ in forge.tree["signers"][name]]


ALL: dict[str, list[dict[str, Any]]] = {**{name: [] for name in DOCUMENTS}, **LIFECYCLE}


@pytest.mark.parametrize(("name", "changes"), ALL.items(), ids=ALL.keys())
def test_a_document_signed_by_a_key_for_other_things_is_never_undecided(
    name: str, changes: list[dict[str, Any]], small_instance: SmallInstance
) -> None:
    forge = apply_changes(Forge(small_instance), changes)
    forge.tree["signers"][name] = other_signers(forge, name)
    report = judge(small_instance, forge.build())
    assert (report.verdict, report.reason) == ("void", "cert_use")


@pytest.mark.parametrize(("name", "changes"), ALL.items(), ids=ALL.keys())
def test_a_document_whose_signature_is_broken_is_never_undecided(
    name: str, changes: list[dict[str, Any]], small_instance: SmallInstance
) -> None:
    forge = apply_changes(Forge(small_instance), changes)
    genuine = forge.document(name).decode() if forge.build() else ""

    def broken(value: Any) -> Any:
        """`value` with the first signature of the document exchanged for one over nothing."""
        if isinstance(value, dict) and canonical(value) == genuine.encode():
            rows = [{**value["signatures"][0], "signature": b64(b"\x01" * 64)}, *value["signatures"][1:]]
            return {**value, "signatures": rows}
        if isinstance(value, dict):
            return {key: broken(one) for key, one in value.items()}
        if isinstance(value, list):
            return [broken(one) for one in value]
        return genuine.rpartition(".")[0] + "." + b64(b"\x01" * 64) if value == genuine else value

    report = after(small_instance, changes, lambda value: value.update(broken(dict(value))))
    assert (report.verdict, report.reason) == ("tampered", "sig_bad")


@pytest.mark.parametrize("kind", ACTS)
def test_an_act_signed_by_another_office_is_void_and_never_undecided(kind: str, small_instance: SmallInstance) -> None:
    forge = Forge(small_instance)
    stranger = "CITY" if forge.tree["acts"][kind]["org"] != "CITY" else "UNIT"
    signers = [f"{stranger}-1", f"{stranger}.seal", f"{stranger}-1"]
    forge.tree["signers"][f"acts.{kind}"] = signers[: len(forge.tree["signers"][f"acts.{kind}"])]
    report = judge(small_instance, forge.build())
    assert (report.verdict, report.reason) == ("void", "org_mismatch")
    assert (report.about.act, report.about.org) == (kind, forge.tree["acts"][kind]["org"])


# --- nobody, the wrong one, one without the power: three codes, and each says who ----------------------------------

OFFICE_OF = {
    "unit_notice": "UNIT", "recommend": "CITY", "accept": "COMM", "draw": "COMM", "evaluate": "COMM",
    "result_notice": "ORGN", "settle_objections": "SUPV", "approve": "APPR", "issue": "HRSS",
}  # fmt: skip
ROLE_OF = {
    "unit_notice": "unit", "recommend": "city", "accept": "committee_office", "draw": "committee_office",
    "evaluate": "committee", "result_notice": "organiser", "settle_objections": "supervisor", "approve": "hrss",
}  # fmt: skip


def named(report: Report, code: str) -> list[Row]:
    return [row for row in report.rows if (row.outcome, row.code) == ("fail", code)]


def nobody_signed(forge: Forge, kind: str) -> str:
    place = forge.tree["path"].index(kind)
    forge.tree["path"].remove(kind)
    after_it, before_it = forge.tree["path"][place], forge.tree["path"][place - 1 : place] if place else []
    forge.tree["acts"][after_it]["prev"] = [f"@acts.{one}" for one in before_it]
    forge.after.append(tidy)
    return "act_missing"


def officer_did_not_sign(forge: Forge, kind: str) -> str:
    forge.tree["signers"][f"acts.{kind}"] = [f"{OFFICE_OF[kind]}.seal"]
    return "sign_missing"


def office_did_not_seal(forge: Forge, kind: str) -> str:
    forge.tree["signers"][f"acts.{kind}"] = [f"{OFFICE_OF[kind]}-1"]
    return "seal_missing"


def wrong_office_signed(forge: Forge, kind: str) -> str:
    stranger = "CITY" if OFFICE_OF[kind] != "CITY" else "UNIT"
    forge.tree["signers"][f"acts.{kind}"] = [f"{stranger}-1", f"{stranger}.seal"]
    return "org_mismatch"


def not_empowered(forge: Forge, kind: str) -> str:
    other = "accept" if kind != "accept" else "draw"
    forge.tree["grants"][ROLE_OF[kind]]["acts"] = [other]
    return "act_not_granted"


def neighbour(kind: str) -> tuple[str, str]:
    """Where the office that is named stands to an act that nobody did: after the one before, before the next."""
    place = ACTS.index(kind)
    return ("after", ACTS[place - 1]) if place else ("before", ACTS[1])


FAULTS = (nobody_signed, officer_did_not_sign, office_did_not_seal, wrong_office_signed, not_empowered)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(fault, kind, id=f"{fault.__name__}-{kind}")
        for fault in FAULTS
        for kind in ACTS[:-1]
    ],
)  # fmt: skip
def test_nobody_the_wrong_one_and_one_without_power_are_three_codes_that_name_act_and_office(
    fault: Callable[[Forge, str], str], kind: str, small_instance: SmallInstance
) -> None:
    forge = Forge(small_instance)
    code = fault(forge, kind)
    report = judge(small_instance, forge.build())
    assert report.verdict == "void"
    found = {(row.about.act, row.about.org) for row in named(report, code)}
    # Where nobody signed and no grant at hand says who was to, the office beside it is named, and how it is beside it.
    beside = neighbour(kind)
    assert (kind, OFFICE_OF[kind]) in found or (code == "act_missing" and found == {(kind, OFFICE_OF[beside[1]])})
    for row in named(report, code):
        if code == "act_missing":
            assert row.about.figures["roles"]
            known = {name: row.about.figures[name] for name in ("holders", beside[0]) if name in row.about.figures}
            assert known in ({"holders": OFFICE_OF[kind]}, {beside[0]: beside[1]})
    others = {fault(Forge(small_instance), kind) for fault in FAULTS} - {code}
    assert not any(named(report, other) for other in others)
