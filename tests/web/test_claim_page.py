"""The claim link: five tries at the last four, then it is dead; a right answer gives the file once."""

from flask.testing import FlaskClient
from support_instance import SmallInstance

from certsvc.core.identity import check_character

LAST4 = ["001" + check_character("22000019850615001"), "002" + check_character("22000019850615002")]


def test_a_right_answer_gives_the_pdf_once(own_client: FlaskClient, own: SmallInstance) -> None:
    path = f"/claim/{own.issued[0].claim_token}"
    assert 'name="id_last4"' in own_client.get(path).text
    answer = own_client.post(path, data={"id_last4": LAST4[0].lower()})
    assert answer.content_type == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    number = own.issued[0].certificate.number
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{number}.pdf"'
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert "已失效" in own_client.get(path).text
    assert own_client.post(path, data={"id_last4": LAST4[0]}).content_type.startswith("text/html")


def test_the_sixth_try_is_too_late_even_when_it_is_right(own_client: FlaskClient, own: SmallInstance) -> None:
    path = f"/claim/{own.issued[1].claim_token}"
    left = [own_client.post(path, data={"id_last4": "9999"}).text for _ in range(5)]
    assert ["还可试 4 次" in left[0], "还可试 1 次" in left[3], "已失效" in left[4]] == [True] * 3
    assert "已失效" in own_client.post(path, data={"id_last4": LAST4[1]}).text


def test_a_link_that_never_existed_looks_like_a_dead_one(own_client: FlaskClient, own: SmallInstance) -> None:
    dead = f"/claim/{own.issued[0].claim_token}"
    own_client.post(dead, data={"id_last4": LAST4[0]})
    never = own_client.get("/claim/" + "A" * len(own.issued[0].claim_token)).text
    assert never.replace("A" * len(own.issued[0].claim_token), own.issued[0].claim_token) == own_client.get(dead).text


def test_the_form_sends_no_address_elsewhere(own_client: FlaskClient, own: SmallInstance) -> None:
    answer = own_client.get(f"/claim/{own.issued[0].claim_token}")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert own.issued[0].certificate.number not in answer.text
