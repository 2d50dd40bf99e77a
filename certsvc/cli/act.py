"""`act KIND ROSTER`: one signed act about a roster, by one officer or two."""

import click

from certsvc.cli.errors import fault_words
from certsvc.cli.options import Figure, acts_at_a_time, names_a_paper
from certsvc.cli.say import done, next_step
from certsvc.core.errors import Refused
from certsvc.core.outcomes import Fault
from certsvc.core.schemas import PATH_ACTS
from certsvc.instance import Instance
from certsvc.services.act import Order, do_act
from certsvc.services.overview import entries_at, offices
from certsvc.verify.words_terms import ACTS


@click.command("act")
@click.argument("kind", type=click.Choice(PATH_ACTS), metavar="KIND")
@click.argument("roster", metavar="ROSTER")
@click.option("--officer", "officers", multiple=True, required=True, metavar="ID",
              help="经办人,需要两人签字时写两次 · twice where two must sign")  # fmt: skip
@click.option("--fact", "facts", multiple=True, type=Figure(), metavar="NAME=N",
              help="会议数字,如 members=25 · figures of the meeting")  # fmt: skip
@click.option("--strike", "struck", multiple=True, metavar="ROW", help="不再继续的行 · rows that go no further")
@acts_at_a_time
@names_a_paper(required=False)
def act_command(
    instance: Instance,
    kind: str,
    roster: str,
    officers: tuple[str, ...],
    facts: tuple[tuple[str, str], ...],
    struck: tuple[str, ...],
    document: dict[str, str] | None,
) -> None:
    """对花名册办理一个环节 · Sign one act about a roster.

    KIND: unit_notice recommend accept draw evaluate result_notice settle_objections approve file issue
    """
    order = Order(kind, roster, officers, document, _whole(facts), entries_at(instance, roster, struck))
    try:
        result = do_act(instance, order)
    except Fault as fault:
        names = {office.organisation.id: office.organisation.name_zh for office in offices(instance)}
        zh, en = fault_words(fault.code, fault.about, names)
        if people := fault.about.figures.get("people"):
            # What was signed before counts no more: not this act is in the way, all of them are done anew.
            zh = f"{zh}涉及 {people} 人,须重新导入、重新办理(docs/key-drills.md)"
            en = f"{en} {people} people are concerned: import them anew (docs/key-drills.md, step 3)."
            raise Refused(fault.code, zh, en, "certsvc roster import NEW.xlsx") from fault
        raise Refused(fault.code, zh, en, f"certsvc roster check {roster}") from fault
    done(f"{ACTS[kind][0]}:{result.count} 人,剔除 {result.struck} 人", f"{kind} signed, {result.sha256}")
    if result.over_target is not None:
        awards, target = result.over_target
        done(
            f"注意:本年度已核准 {awards} 人,超过计划 {target} 人",
            f"note: {awards} awards this year, {target} were planned",
        )
    if result.remaining:
        done(f"还有 {result.remaining} 人待办此环节", "people of this roster still wait for this act")
    next_step(f"certsvc issue {roster}" if kind == "issue" else f"certsvc roster check {roster}")


def _whole(facts: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """The facts as whole numbers; the verifier knows no others."""
    try:
        return {name: int(value) for name, value in facts}
    except ValueError as error:
        raise click.UsageError(f"--fact NAME=N: {error}") from error
