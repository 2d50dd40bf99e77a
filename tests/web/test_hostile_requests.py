"""What a stranger sends is counted before it is read, and never answered with more than it is worth.

Measured as in test_hostile_cost.
"""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from support_instance import SmallInstance
from test_hostile_cost import LIMIT, cost

from certsvc.core.bundle import MEDIA_TYPE, MOST
from certsvc.core.encoding import canonical, parse_json
from certsvc.web.errors import Invalid
from certsvc.web.inputs import MOST_MARKS, MOST_SLIPS, parse_question
from certsvc.web.limits import MAX_FIELDS, MAX_JSON

NOW = 1_796_264_400
VERIFICATIONS = "/api/v1/verifications"
FIELDS = "application/x-www-form-urlencoded"
#: Bytes of an answer to a request that is wrong everywhere.
SHORT = 4096


def members(count: int, differs: int) -> bytes:
    return b",".join(b'"%x":0' % (differs * count + n) for n in range(count))


#: Name of the defect -> the body, each about as large as a request may be.
TOO_MUCH: dict[str, Callable[[int], bytes]] = {
    "bundle_of_lists": lambda n: b'{"bundle":{"a":[%d%s]}}' % (n, b",[]" * 500_000),
    "bundle_of_numbers": lambda n: b'{"bundle":{"a":[%d%s]}}' % (n, b",1" * 750_000),
    "bundle_of_members": lambda n: b'{"bundle":{%s}}' % members(140_000, n),
    "unknown_members": lambda n: b"{%s}" % members(140_000, n),
    "unknown_expectations": lambda n: b'{"code":"x","expect":{%s}}' % members(140_000, n),
    "brackets_in_a_text": lambda n: b'{"code":"%d%s"}' % (n, b"[" * 1_500_000),
}
#: As many as are read at all.
JUST_READ: dict[str, tuple[Callable[[int], bytes], int]] = {
    "unknown_members": (lambda n: b"{%s}" % members(MOST_MARKS // 2 - 1, n), MOST_SLIPS),
    "unknown_expectations": (lambda n: b'{"code":"x","expect":{%s}}' % members(MOST_MARKS // 2 - 3, n), MOST_SLIPS),
    "list_of_numbers": (lambda n: b"[%d%s]" % (n, b",1" * (MOST_MARKS - 1)), 1),
    "list_of_lists": (lambda n: b"[%d%s]" % (n, b",[]" * (MOST_MARKS // 2 - 1)), 1),
}
#: What is not read in this process or not at all: (address, media type, body, status).
REFUSED: dict[str, tuple[str, str, Callable[[int], bytes], int]] = {
    "ten_thousand_lists_deep": (VERIFICATIONS, "application/json", lambda n: b"[" * 10_000 + b"]" * 10_000, 422),
    "ten_thousand_objects_deep": (
        VERIFICATIONS, "application/json", lambda n: b'{"bundle":' * 10_000 + b"1" + b"}" * 10_000, 422,
    ),
    "bundle_ten_thousand_deep": (
        VERIFICATIONS, MEDIA_TYPE, lambda n: b'{"credential":%d,"certs":' % n + b"[" * 10_000 + b"]" * 10_000 + b"}", 200,
    ),
    "a_form_of_as_many_fields_as_an_upload_may_be_large": ("/verify", FIELDS, lambda n: b"a=&" * 3_300_000, 413),
    "the_same_for_programs": (VERIFICATIONS, FIELDS, lambda n: b"a=&" * 3_300_000, 415),
}  # fmt: skip


def slips(body: bytes) -> list[str]:
    with pytest.raises(Invalid) as caught:
        parse_question(body, NOW)
    return [slip.code for slip in caught.value.slips]


@pytest.mark.parametrize("make", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_a_request_of_too_many_parts_is_refused_unread(client: FlaskClient, make: Callable[[int], bytes]) -> None:
    assert len(make(9)) < MAX_JSON
    assert slips(make(9)) == ["parts"]
    answer = client.post(VERIFICATIONS, data=make(9), content_type="application/json")
    assert (answer.status_code, len(answer.data) < SHORT) == (422, True)
    assert cost(slips, make) < LIMIT


@pytest.mark.parametrize(("make", "told"), JUST_READ.values(), ids=JUST_READ.keys())
def test_of_a_request_that_is_wrong_everywhere_some_slips_are_told(
    client: FlaskClient, make: Callable[[int], bytes], told: int
) -> None:
    assert len(slips(make(9))) == told
    answer = client.post(VERIFICATIONS, data=make(9), content_type="application/json")
    assert (answer.status_code, len(answer.data) < SHORT) == (422, True)
    assert cost(slips, make) < LIMIT


def test_a_slip_of_a_known_member_is_told_before_those_of_unknown_ones() -> None:
    assert {"subject", "text", "type"} <= set(slips(b'{%s,"at":1,"expect":1,"token":1,"code":1}' % members(50, 1)))


@pytest.mark.parametrize(("address", "kind", "make", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_hostile_request_costs_this_process_next_to_nothing(
    client: FlaskClient, address: str, kind: str, make: Callable[[int], bytes], status: int
) -> None:
    send = lambda body: client.post(address, data=body, content_type=kind).status_code  # noqa: E731
    assert send(make(9)) == status
    assert cost(send, make) < LIMIT


def test_a_form_without_a_file_may_have_the_bytes_of_a_page(client: FlaskClient) -> None:
    for size, status in ((MAX_FIELDS, 422), (MAX_FIELDS + 1, 413)):
        assert client.post("/verify", data=b"a" * size, content_type=FIELDS).status_code == status


@pytest.mark.parametrize("member", MOST)
def test_ten_thousand_of_anything_in_a_bundle_cost_the_web_next_to_nothing(
    client: FlaskClient, small: SmallInstance, member: str
) -> None:
    value = parse_json(small.bundle())
    make = lambda n: canonical({"bundle": {**value, member: [{}] * 9_000, "v": n}})  # noqa: E731
    send = lambda body: client.post(VERIFICATIONS, data=body, content_type="application/json").json  # noqa: E731
    told = send(make(9))
    assert (told["verdict"], told["reason"]) == ("tampered", "bundle_size")
    assert cost(send, make) < LIMIT
