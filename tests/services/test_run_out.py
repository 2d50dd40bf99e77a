"""Nothing is signed with a key whose certificate, or a certificate above it, has run out (docs/decisions/0041)."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from lifecycle_for_tests import days_later, do, order, refused, verdict
from support_instance import DAY, SCHEDULE, START, SmallInstance, build_small_instance, enter_roster, grant_payload
from witnessed_for_tests import witnessed_home

from certsvc.core.errors import NotReady
from certsvc.core.kinds import CEREMONY_USES
from certsvc.core.schemas import LIFECYCLE_ACTS
from certsvc.instance import LOG_DAY, Instance, open_instance
from certsvc.services import (
    act,
    doctor,
    documents,
    enrol,
    issue,
    log,
    log_leaves,
    pdf,
    publish,
    rotation,
)
from certsvc.services.open_proposals import drop
from certsvc.services.publish import LIST_TERM
from certsvc.services.status import approve, propose
from certsvc.services.verify_evidence import verify_code, verify_file
from certsvc.signers.term import own_term
from certsvc.store import log as log_store
from certsvc.store.rows import SigningKey

YEAR = 365 * DAY


def key_of(instance: Instance, org: str, use: str) -> SigningKey:
    with instance.engines.read.connect() as connection:
        return documents.own_key(connection, org, use)


def officer_of(instance: Instance, officer: str) -> SigningKey:
    with instance.engines.read.connect() as connection:
        return documents.officer_key(connection, officer)


def hire(small: SmallInstance, officer: str, org: str, role: str, acts: list[str], years: int = 1) -> SigningKey:
    """An officer whose certificate holds for a year, in a grant for eight."""
    instance = small.instance
    enrol.enrol_officer(instance, officer, org, f"示例短期{officer}", years=years)
    key = officer_of(instance, officer)
    keys = [{"jkt": key_of(instance, org, "seal").jkt, "use": "seal"}, {"jkt": key.jkt, "use": "officer"}]
    with instance.engines.read.connect() as connection:
        top = documents.grants_of(connection, "HRSS")[0].sha256
    until = START + 7 * YEAR
    payload = {**grant_payload(org, None if org == "HRSS" else top, role, keys, acts, 0, until), "nbf": instance.now()}
    documents.give_grant(instance, payload)
    documents.publish_trust(instance)
    return key


@pytest.fixture
def short(small: SmallInstance) -> tuple[SmallInstance, SigningKey]:
    """HRSS-3 is an officer of the issuer for a year."""
    return small, hire(small, "HRSS-3", "HRSS", "issuer", list(LIFECYCLE_ACTS))


# --- officers and seals ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["suspend", "revoke", "correct"])
def test_an_officer_whose_certificate_has_run_out_neither_proposes_nor_decides(
    short: tuple[SmallInstance, SigningKey], kind: str
) -> None:
    small, key = short
    small.instance.set_clock(key.valid_to + 1)
    proposed = refused(small, lambda: propose(small.instance, order(small, kind, officer="HRSS-3")))
    proposal = propose(small.instance, order(small, kind))
    decided = refused(small, lambda: approve(small.instance, proposal, "HRSS-3"))
    for error in (proposed, decided):
        assert isinstance(error, NotReady)
        assert (error.code, error.hint) == ("key_expired", "certsvc keys rotate --officer HRSS-3")
        assert "HRSS HRSS-3" in error.zh and "HRSS HRSS-3" in error.en
    assert verdict(small) == "valid"
    rotation.rotate_officer(small.instance, "HRSS-3")
    done = approve(small.instance, proposal, "HRSS-3")
    assert verdict(small) == {"suspend": "suspended", "revoke": "revoked", "correct": "superseded"}[kind]
    assert done is None or verify_code(small.instance, done.code).verdict == "valid"


def test_on_the_last_second_of_its_certificate_an_officer_still_signs(short: tuple[SmallInstance, SigningKey]) -> None:
    small, key = short
    small.instance.set_clock(own_term(key.certificate).last)
    proposal = propose(small.instance, order(small, "suspend", officer="HRSS-3"))
    small.instance.set_clock(small.instance.now() + 5 * DAY)
    # Under a plain root a proposal is as good as when it was made.
    approve(small.instance, proposal, "HRSS-2")
    assert verdict(small) == "suspended"


def test_nobody_signs_before_his_certificate_begins(short: tuple[SmallInstance, SigningKey]) -> None:
    small, key = short
    small.instance.set_clock(key.valid_from - 1)
    with pytest.raises(NotReady, match="key_not_begun"):
        small.instance.signer(key)
    small.instance.set_clock(key.valid_from)
    assert small.instance.signer(key)


def test_an_act_of_a_roster_is_refused_at_once_and_done_after_the_rotation(small: SmallInstance) -> None:
    instance = small.instance
    key = hire(small, "UNIT-3", "UNIT", "unit", ["unit_notice"])
    enter_roster(instance, "R0002", 1)
    base = key.valid_to + DAY
    instance.set_clock(base)
    error = refused(small, lambda: act.do_act(instance, act.Order("unit_notice", "R0002", ("UNIT-3",))))
    assert (error.code, getattr(error, "hint", "")) == ("key_expired", "certsvc keys rotate --officer UNIT-3")
    rotation.rotate_officer(instance, "UNIT-3")
    for kind, officers, days in SCHEDULE:
        instance.set_clock(base + 2 * days * DAY)
        act.do_act(instance, act.Order(kind, "R0002", ("UNIT-3",) if kind == "unit_notice" else officers))
    instance.set_clock(base + 90 * DAY)
    documents.publish_trust(instance)
    (issued,) = (one for chunk in issue.issue(instance, "R0002") for one in chunk)
    assert verify_code(instance, issued.code).verdict == "valid"


# --- the keys of the authority ---------------------------------------------------------------------------------------


@pytest.fixture
def one_year(tmp_path: Path) -> Iterator[SmallInstance]:
    """The keys of the authority are certified for a year, and those of officers for nine."""
    small = build_small_instance(tmp_path / "home", signer_years=1)
    yield small
    small.instance.close()


def run_out(small: SmallInstance) -> int:
    """A minute before the certificates of the authority run out everything is well; gives back when they do."""
    last = own_term(key_of(small.instance, "HRSS", "status").certificate).last
    small.instance.set_clock(last - 60)
    documents.publish_trust(small.instance)
    assert [verdict(small, one) for one in range(3)] == ["valid"] * 3
    return last


def test_the_last_list_stands_for_as_long_as_it_holds_and_no_other_is_signed(one_year: SmallInstance) -> None:
    small, instance = one_year, one_year.instance
    last = run_out(small)
    listed = publish.current_status_list(instance, publish.list_uri(instance))
    for later in (1, 1_000, LIST_TERM - 61):
        instance.set_clock(last + later)
        assert [verdict(small, one) for one in range(3)] == ["valid"] * 3
        assert verdict(small, at=small.now + DAY) == "valid"
        assert publish.current_status_list(instance, publish.list_uri(instance)) == listed
        # A process that begins now gives the other form of the same list as well.
        with closing(open_instance(instance.home)) as begun:
            begun.set_clock(last + later)
            assert publish.bitstring_of(begun, listed).unverified_payload["id"].endswith("/bitstring")
    instance.set_clock(last + LIST_TERM)
    with pytest.raises(NotReady, match="key_expired") as error:
        verdict(small)
    assert error.value.hint == "certsvc keys rotate --org HRSS --use status"
    rotation.rotate_key(instance, "HRSS", "status")
    assert [verdict(small, one) for one in range(3)] == ["valid"] * 3


def test_nothing_is_decided_that_no_list_could_tell_of(one_year: SmallInstance) -> None:
    small, instance = one_year, one_year.instance
    instance.set_clock(run_out(small) + 1)
    rotation.rotate_key(instance, "HRSS", "seal")
    proposal = propose(instance, order(small, "revoke"))
    error = refused(small, lambda: approve(instance, proposal, "HRSS-2"))
    assert getattr(error, "hint", "") == "certsvc keys rotate --org HRSS --use status"
    rotation.rotate_key(instance, "HRSS", "status")
    approve(instance, proposal, "HRSS-2")
    assert verdict(small) == "revoked"


def test_every_key_of_the_authority_that_has_run_out_is_asked_to_be_rotated_and_then_signs(
    one_year: SmallInstance,
) -> None:
    small, instance = one_year, one_year.instance
    instance.set_clock(run_out(small) + 1)
    for use in enrol.AUTHORITY_USES:
        key = key_of(instance, "HRSS", use)
        with pytest.raises(NotReady, match="key_expired") as error:
            instance.signer(key)
        assert error.value.hint == f"certsvc keys rotate --org HRSS --use {use}"
        rotation.rotate_key(instance, "HRSS", use)
        assert instance.signer(key_of(instance, "HRSS", use))
    done = do(small, "correct", 1)
    assert done is not None
    assert verify_code(instance, done.code).verdict == "valid"
    assert verify_file(instance, pdf.certificate_pdf(instance, done.code)).verdict == "valid"


@pytest.mark.parametrize("use", ["credential", "pdf", "status"])
def test_a_certificate_is_intended_only_while_all_its_keys_hold(one_year: SmallInstance, use: str) -> None:
    small, instance = one_year, one_year.instance
    instance.set_clock(run_out(small) + 1)
    for other in {"seal", "credential", "pdf", "status"} - {use}:
        rotation.rotate_key(instance, "HRSS", other)
    proposal = propose(instance, order(small, "correct"))
    error = refused(small, lambda: approve(instance, proposal, "HRSS-2"))
    assert getattr(error, "hint", "") == f"certsvc keys rotate --org HRSS --use {use}"
    with instance.engines.write.begin() as connection, pytest.raises(NotReady, match="key_expired"):
        issue.check_keys(instance, connection)
    rotation.rotate_key(instance, "HRSS", use)
    done = approve(instance, proposal, "HRSS-2")
    assert done is not None
    assert verify_file(instance, pdf.certificate_pdf(instance, done.code)).verdict == "valid"


def test_a_page_is_signed_as_of_its_day_by_the_key_of_that_day(one_year: SmallInstance) -> None:
    small, instance = one_year, one_year.instance
    instance.set_clock(run_out(small) + 1)
    code = small.issued[0].code
    for _ in range(2):
        assert verify_file(instance, pdf.certificate_pdf(instance, code)).verdict == "valid"
        rotation.rotate_key(instance, "HRSS", "pdf")
        code = small.issued[1].code


def test_what_was_intended_with_a_key_that_ran_out_meanwhile_is_dated_anew_and_keeps_its_number(
    one_year: SmallInstance,
) -> None:
    small, instance = one_year, one_year.instance
    enter_roster(instance, "R0002", 1)
    for kind, officers, days in SCHEDULE:
        instance.set_clock(START + (250 + days) * DAY)
        act.do_act(instance, act.Order(kind, "R0002", officers))
    last = run_out(small)
    with instance.engines.read.connect() as connection:
        entries = issue.waiting(connection, "R0002")
    (intent,) = issue.intend(instance, entries)
    instance.set_clock(last + 1)
    error = refused(small, lambda: list(issue.issue(instance, "R0002")))
    assert getattr(error, "hint", "") == "certsvc keys rotate --org HRSS --use credential"
    for use in ("credential", "pdf", "status"):
        rotation.rotate_key(instance, "HRSS", use)
    (issued,) = (one for chunk in issue.issue(instance, "R0002") for one in chunk)
    assert (issued.certificate.number, issued.certificate.issued_at > last) == (intent.number, True)
    assert verify_code(instance, issued.code).verdict == "valid"
    assert verify_file(instance, pdf.certificate_pdf(instance, issued.code)).verdict == "valid"


# --- policy, log and grants ------------------------------------------------------------------------------------------


def test_the_keys_of_the_ceremony_sign_nothing_after_their_end(small: SmallInstance) -> None:
    instance = small.instance
    days_later(small, 10 * 365)
    for use in CEREMONY_USES:
        with pytest.raises(NotReady, match="key_expired") as error:
            instance.signer(key_of(instance, "ROOT", use))
        assert error.value.hint == f"certsvc keys rotate --org ROOT --use {use}"
    for attempt in (documents.publish_trust, documents.publish_calendar):
        said = refused(small, lambda attempt=attempt: attempt(instance))
        assert getattr(said, "hint", "") == "certsvc keys rotate --org ROOT --use policy"
    rotation.rotate_key(instance, "ROOT", "policy")
    rotation.rotate_key(instance, "ROOT", "log")
    documents.publish_trust(instance)
    with instance.engines.read.connect() as connection:
        before = log_store.read_state(connection).pub_size
    assert log.heartbeat(instance).size >= before > 0
    assert log_leaves.waiting_since(instance) == (0, None)


def test_after_the_end_of_the_ca_each_refusal_names_the_next_step_until_all_is_well(small: SmallInstance) -> None:
    """The officer's own certificate holds on; that of the CA above it, of ten years, does not."""
    instance = small.instance
    days_later(small, 6 * 365)
    rotation.rotate_officer(instance, "HRSS-1")
    days_later(small, 10 * 365)
    key = officer_of(instance, "HRSS-1")
    assert own_term(key.certificate).has(instance.now())
    with pytest.raises(NotReady, match="key_expired") as error:
        instance.signer(key)
    assert followed(instance, error.value.hint) == [
        "certsvc keys rotate --org ROOT --use policy",
        "certsvc keys rotate --org HRSS --use ca",
        "certsvc keys rotate --officer HRSS-1",
    ]
    assert instance.signer(officer_of(instance, "HRSS-1"))
    assert instance.term_of(officer_of(instance, "HRSS-1")).has(instance.now() + 8 * YEAR)


def followed(instance: Instance, hint: str) -> list[str]:
    """The commands that were done, one refusal after the other, until the first one was."""
    *_, option, value = hint.split()
    try:
        if option == "--officer":
            rotation.rotate_officer(instance, value)
        else:
            rotation.rotate_key(instance, hint.split()[-3], value)
    except NotReady as error:
        return [*followed(instance, error.hint), *followed(instance, hint)]
    return [hint]


def test_after_the_end_of_the_root_nothing_is_certified_any_more(small: SmallInstance) -> None:
    days_later(small, 21 * 365)
    for org, use in (("ROOT", "policy"), ("HRSS", "ca")):
        with pytest.raises(NotReady, match="root_expired") as error:
            rotation.rotate_key(small.instance, org, use)
        assert error.value.hint == "certsvc doctor"


# --- doctor ----------------------------------------------------------------------------------------------------------


def findings(instance: Instance) -> dict[str, str]:
    """Next step -> state, of what `certsvc doctor` says of keys."""
    return {one.hint: one.state for one in doctor.key_ends(instance)}


@pytest.mark.parametrize(("days", "state"), [(61, None), (59, doctor.WARN), (-1, doctor.BAD)])
def test_doctor_names_each_living_key_sixty_days_before_its_end_with_the_command(
    one_year: SmallInstance, days: int, state: str | None
) -> None:
    instance = one_year.instance
    instance.set_clock(own_term(key_of(instance, "HRSS", "status").certificate).last - days * DAY)
    said = findings(instance)
    assert said == (
        {f"certsvc keys rotate --org HRSS --use {use}": state for use in enrol.AUTHORITY_USES} if state else {}
    )
    if state:
        rotation.rotate_key(instance, "HRSS", "status")
        assert findings(instance).keys() == said.keys() - {"certsvc keys rotate --org HRSS --use status"}


def test_doctor_counts_a_key_by_the_end_of_the_ca_above_it(small: SmallInstance) -> None:
    instance = small.instance
    days_later(small, 6 * 365)
    rotation.rotate_officer(instance, "HRSS-1")
    instance.set_clock(START + 10 * YEAR - 30 * DAY)
    said = findings(instance)
    assert said["certsvc keys rotate --officer HRSS-1"] == doctor.WARN
    assert list(said).index("certsvc keys rotate --org HRSS --use ca") < list(said).index(
        "certsvc keys rotate --officer HRSS-1"
    )


# --- a root that requires the log ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallInstance]:
    """A home with two witnesses."""
    with witnessed_home(tmp_path_factory.mktemp("strict"), 2) as small:
        yield small


def test_where_the_log_has_a_day_a_key_signs_nothing_on_its_last_day(strict: SmallInstance) -> None:
    small, instance = strict, strict.instance
    days_later(small, 1)
    last = own_term(hire(small, "HRSS-3", "HRSS", "issuer", list(LIFECYCLE_ACTS)).certificate).last
    log_leaves.settle(instance)
    instance.set_clock(last - LOG_DAY)
    early, late = (propose(instance, order(small, "suspend", one, officer="HRSS-3")) for one in (0, 1))
    log_leaves.settle(instance)
    approve(instance, early, "HRSS-2")
    log_leaves.settle(instance)
    assert verdict(small, 0) == "suspended"
    instance.set_clock(last - LOG_DAY + 1)
    error = refused(small, lambda: propose(instance, order(small, "suspend", 1, officer="HRSS-3")))
    assert error.code == "key_expired"
    # The place of the decision would date the proposal after the end of its key.
    error = refused(small, lambda: approve(instance, late, "HRSS-2"))
    assert error.code == "proposal_unsound"
    drop(instance, late)
    instance.set_clock(last + DAY)
    do(small, "reinstate")
    log_leaves.settle(instance)
    assert verdict(small, 0) == "valid"
