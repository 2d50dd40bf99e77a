"""Histories of a real instance: what the services do, and what the service and the web answer as of any day.

Every deed is done twice: by certsvc.services on a database, and as plain values for the model.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from model import expected
from office_for_tests import ROTATABLE, STEALABLE, Office
from support_instance import SmallInstance, build_small_instance
from test_histories import AGREED, fits
from values_for_tests import DAY, HOUR

from certsvc.app import create_app
from certsvc.instance import open_instance
from certsvc.services.verify_evidence import fresh_bundle, verify_code, verify_file
from certsvc.verify.report import Report
from certsvc.web.context import READER

ASKED = replace(AGREED, register=True)
#: One in forty of all histories is played on a real instance.
HISTORIES = max(10, int(os.environ.get("CERTSVC_HISTORIES", "2000")) // 40)
PICK = st.integers(0, 1_000)
WAYS = st.sampled_from(["code", "file", "web"])


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, SmallInstance]]:
    home = tmp_path_factory.mktemp("office") / "home"
    small = build_small_instance(home)
    small.instance.close()
    yield home, small


class Offices(RuleBasedStateMachine):
    """Rules are what the officers of one instance do."""

    def __init__(self, home: Path, small: SmallInstance) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = Path(self.stack.enter_context(TemporaryDirectory()))
        instance = open_instance(shutil.copytree(home, folder / "home"))
        self.stack.callback(instance.close)
        self.office = Office(instance, small)
        self.client: FlaskClient | None = None

    @rule(
        place=PICK, act=st.sampled_from(["suspend", "suspend", "reinstate", "revoke", "withdraw", "correct"]), retroactive=st.booleans(),
        day=st.sampled_from([-20, -1, 0, 3]),
    )  # fmt: skip
    def change_status(self, place: int, act: str, retroactive: bool, day: int) -> None:
        self.office.change(place % len(self.office.codes), act, retroactive, day)

    @rule(holder=st.sampled_from(ROTATABLE))
    def rotate_key(self, holder: str) -> None:
        self.office.rotate(holder)

    @rule(holder=st.sampled_from(STEALABLE), back=st.sampled_from([0, 0, 1, 2, 30]))
    def steal_key(self, holder: str, back: int) -> None:
        self.office.steal(holder, back)

    @rule(
        pick=PICK,
        reason=st.sampled_from(["expired", "withdrawn", "compromised"]),
        back=st.sampled_from([0, 1, 2, 30, None]),
    )
    def withdraw_grant(self, pick: int, reason: str, back: int | None) -> None:
        self.office.withdraw(pick, reason, back)

    @rule(hours=st.sampled_from([1, 24, 24, 100, 500]))
    def let_time_pass(self, hours: int) -> None:
        self.office.wait(hours * HOUR)

    @rule(place=PICK, back=st.sampled_from([0, 1, HOUR, DAY, 3 * DAY, 30 * DAY]), way=WAYS)
    def ask(self, place: int, back: int, way: str) -> None:
        office = self.office
        question = office.question(place % len(office.codes), office.now - back)
        code = office.codes[place % len(office.codes)].text
        now, then = (expected(office.facts, question, ASKED, known) for known in (None, question.at))
        if way == "web":
            found = self.ask_the_web(code, question.at)
            before = found[1]
        else:
            report = self.report(code, question.at, way)
            found, before = ((report.verdict, report.reason), report.then), report.then
        assert fits(found[0], now), (found, now, question, vars(office.facts))
        if question.at < question.now:
            assert fits(before or found[0], then), ("then", found, then, question, vars(office.facts))

    def report(self, code: str, at: int, way: str) -> Report:
        if way == "code":
            return verify_code(self.office.instance, code, at=at)
        bundle = fresh_bundle(self.office.instance, code)
        assert bundle is not None
        return verify_file(self.office.instance, bundle, at=at)

    def ask_the_web(self, code: str, at: int) -> tuple[tuple[str, str | None], tuple[str, str | None] | None]:
        """Verdict and reason, and those of the day itself, of GET /v/CODE."""
        if self.client is None:
            app = create_app(self.office.instance)
            self.stack.callback(lambda: app.extensions[READER].close())
            self.client = app.test_client()
        time = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        answer = self.client.get(f"/v/{code}?at={time}", headers={"Accept": "application/json"})
        assert answer.status_code == 200, answer.text
        said = answer.json
        assert isinstance(said, dict)
        then = said["then"] and (said["then"]["verdict"], said["then"]["reason"])
        return (said["verdict"], said["reason"]), then

    def teardown(self) -> None:
        try:
            for place in range(len(self.office.codes)):
                for back in (0, 2 * HOUR, 2 * DAY):
                    self.ask(place, back, "code")
        finally:
            self.stack.close()


@pytest.mark.parametrize("retroactive", [False, True])
def test_what_becomes_of_a_later_version_is_told_of_the_earlier_one_as_the_model_does(
    template: tuple[Path, SmallInstance], retroactive: bool
) -> None:
    offices = Offices(*template)
    try:
        offices.let_time_pass(500)
        offices.change_status(0, "correct", False, 0)
        new = len(offices.office.codes) - 1
        offices.let_time_pass(24)
        offices.change_status(new, "revoke", retroactive, -20)
        for back in (0, HOUR, 2 * DAY, 19 * DAY, 21 * DAY):
            for place in (0, new):
                offices.ask(place, back, "code")
    finally:
        offices.teardown()


def test_an_instance_answers_as_of_any_day_as_the_model_does(template: tuple[Path, SmallInstance]) -> None:
    how = settings(
        max_examples=HISTORIES, stateful_step_count=10, derandomize=True, database=None, deadline=None,
        suppress_health_check=list(HealthCheck), print_blob=False, report_multiple_bugs=False,
    )  # fmt: skip
    run_state_machine_as_test(partial(Offices, *template), settings=how)
