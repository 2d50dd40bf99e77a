"""`certsvc doctor`: what is wrong or missing, in words, with the next command. It repairs nothing by itself.

1. house    – what must hold before a home can be opened at all; the first thing that is wrong ends the visit
2. register – what an open instance needs to go on working: keys, grants, published documents, fonts, leftovers
"""

import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from certsvc.core.calendar import local_date
from certsvc.core.errors import CertsvcError, NotReady
from certsvc.core.kinds import CA, ROOT
from certsvc.instance import (
    Instance,
    check_key_modes,
    database_url,
    next_home_command,
    open_instance,
    read_anchors,
    read_settings,
    rotate_command,
    whose_key,
)
from certsvc.services import (
    certifiers,
    cosign,
    delegation,
    documents,
    log,
    log_backfill,
    log_leaves,
    overview,
    trust_room,
)
from certsvc.services.procedures import ends_of
from certsvc.services.publish import LIST_TERM
from certsvc.services.slots import published_lists
from certsvc.services.witness_list import check_witnesses, is_strict
from certsvc.store import certificates as certificate_store
from certsvc.store import keys as key_store
from certsvc.store import log as log_store
from certsvc.store.engine import open_engines
from certsvc.store.migrate import check_current, upgrade

OK, WARN, BAD = "ok", "warn", "bad"
#: Days before an end at which it is said.
TRUST_NOTICE, CALENDAR_NOTICE, PROCEDURE_NOTICE, ROOT_NOTICE = 60, 60, 365, 5 * 365
DAY = 86_400
#: Seconds after which the newest cosignature is old: a log has a heartbeat every ten minutes.
STALE = 3600


@dataclass(frozen=True)
class Finding:
    """What was found about one thing. `hint` is the next command, or empty."""

    state: str
    zh: str
    en: str
    hint: str = ""


def visit(home: Path) -> Iterator[Finding]:
    """Every finding about the home, the house first. Never raises for what it finds."""
    for zh, en, check in HOUSE:
        try:
            check(home)
        except CertsvcError as error:
            yield Finding(BAD, error.zh, error.en, error.hint)
            return
        yield Finding(OK, zh, en)
    instance = open_instance(home)
    try:
        for examine in REGISTER:
            yield from _safely(examine, instance)
    finally:
        instance.close()


def bring_up_to_date(home: Path) -> None:
    """Migrates the database of a home in one transaction; what is older than the log enters it. Raises NotReady.

    A trust bundle of an earlier form is published anew.
    """
    read_settings(home)
    upgrade(database_url(home))
    instance = open_instance(home)
    try:
        with log_leaves.transaction(instance) as connection:
            if certifiers.record(instance, connection):
                documents.publish_trust_within(instance, connection)
        log_backfill.backfill(instance)
        documents.renew_trust(instance)
    finally:
        instance.close()


# --- the house -----------------------------------------------------------------------------------------------------


def _database_current(home: Path) -> None:
    engines = open_engines(database_url(home))
    try:
        check_current(engines.read)
    finally:
        engines.close()


def _roots_fit(home: Path) -> None:
    """The roots are of the kind that the home says, or start would mix test and production."""
    test = read_settings(home).environment == "test"
    if any(anchor.test != test for anchor in read_anchors(home)):
        zh, en = "根证书与实例环境不符(测试/生产混用)", "Test and production are mixed: the root is of the other kind."
        raise NotReady("environment_mixed", zh, en, f"certsvc restore BACKUP.tar --home {home}")


HOUSE: tuple[tuple[str, str, Callable[[Path], object]], ...] = (
    ("实例目录", "home and its settings", read_settings),
    ("密钥目录权限 0700/0600", "modes of the key files", check_key_modes),
    ("数据库版本", "database revision", _database_current),
    ("根证书与环境一致", "roots fit the environment", _roots_fit),
    ("实例可以打开", "the home opens", lambda home: open_instance(home).close()),
)


# --- the register --------------------------------------------------------------------------------------------------


def _safely(examine: Callable[[Instance], Iterator[Finding]], instance: Instance) -> Iterator[Finding]:
    try:
        yield from examine(instance)
    except CertsvcError as error:
        yield Finding(BAD, error.zh, error.en, error.hint)


def _keys(instance: Instance) -> Iterator[Finding]:
    """Every key of the authority opens and is the one that is registered."""
    with instance.engines.read.connect() as connection:
        own = key_store.list_signing_keys(connection, org_id=instance.settings.authority, good_at=instance.now())
    own = tuple(key for key in own if key.use != CA)
    for key in own:
        instance.signer_unchecked(key)
    yield Finding(OK, f"密钥可用:{len(own)} 把", f"{len(own)} keys of the authority open")


def key_ends(instance: Instance) -> Iterator[Finding]:
    """No living key of anybody is near the end of its certificate, or of its CA's, or past it."""
    with instance.engines.read.connect() as connection:
        living = [key for key in key_store.list_signing_keys(connection) if key.ended_reason is None]
    ends = {key.jkt: min(key.valid_to, instance.term_of(key).last) for key in living if key.use != ROOT}
    # The CA first: no key that it certifies anew holds for longer.
    for key in sorted(
        (one for one in living if one.jkt in ends), key=lambda one: (ends[one.jkt], one.use != CA, one.jkt)
    ):
        if not certifiers.is_due(instance, key):
            continue
        whose, day = whose_key(key), local_date(ends[key.jkt])
        zh, en = f"密钥 {whose} 于 {day} 到期", f"the key {whose} ends on {day}"
        yield Finding(WARN if instance.holds(key) else BAD, zh, en, rotate_command(key))


def _roots(instance: Instance) -> Iterator[Finding]:
    """No root is near its end: what goes on has to be in service by then."""
    last = instance.roots_end
    if last - instance.now() < ROOT_NOTICE * DAY:
        words = (
            "根证书(不能轮换,其下一切随之到期;须在此前启用新实例,见 docs/next-root.md)",
            "the root, which nothing outlasts (docs/next-root.md: a home with a root of its own goes on), holds",
        )
        yield _dated(instance, last, ROOT_NOTICE, words, next_home_command(instance))


def _procedures(instance: Instance) -> Iterator[Finding]:
    """No track is left without a procedure soon."""
    ending: dict[int, list[str]] = {}
    for track, last in sorted(ends_of(instance).items()):
        if last - instance.now() < PROCEDURE_NOTICE * DAY:
            ending.setdefault(last, []).append(track)
    for last, tracks in sorted(ending.items()):
        names = " ".join(tracks)
        words = f"程序 {names}(先升级程序取得新版)有效", f"procedures of {names} (newer ones come with an update) hold"
        yield _dated(instance, last, PROCEDURE_NOTICE, words, "certsvc keys procedures")


def _top_grant(instance: Instance) -> Iterator[Finding]:
    """The authority's own grant, on which all others stand, is not near its end."""
    with instance.engines.read.connect() as connection:
        last = delegation.last_top_grant(instance, connection)
    words = "发证机关的总授权(各机构的授权随之到期)", "the authority's own grant, with which all others end, lasts"
    hint = "certsvc keys renew --document-number 文号"
    if last is None:
        yield Finding(BAD, "发证机关没有总授权", "the authority has no grant of its own", hint)
    elif last["exp"] < instance.now() + delegation.RENEW_DAYS * DAY:
        yield _dated(instance, last["exp"], delegation.RENEW_DAYS, words, hint)


def _root_key(instance: Instance) -> Iterator[Finding]:
    """After the ceremony the root's key has no work here."""
    if instance.settings.environment == "production" and (instance.keys_dir / "root.pem").exists():
        zh, en = "根密钥仍在本机,应移到离线介质", "the root key is still on this machine; move it offline"
        yield Finding(WARN, zh, en, f"mv {instance.keys_dir / 'root.pem'} /media/OFFLINE/")


def _certifiers(instance: Instance) -> Iterator[Finding]:
    """The history of the keys begins with those that certify the others."""
    if not certifiers.is_recorded(instance):
        zh, en = "根与签发 CA 尚未登记入密钥历史", "root and issuing CA are not in the history of the keys yet"
        yield Finding(WARN, zh, en, "certsvc doctor --upgrade")


def _privacy(instance: Instance) -> Iterator[Finding]:
    """The database holds names in clear, so other users of the machine must not reach it."""
    if not instance.demo and stat.S_IMODE(instance.home.stat().st_mode) & 0o077:
        zh, en = "本机其他用户可以读取实例目录", "other users of this machine may read the home"
        yield Finding(WARN, zh, en, f"chmod 700 {instance.home}")


def _officers(instance: Instance) -> Iterator[Finding]:
    found = overview.offices(instance)
    humans = {one.pseudonym for office in found for one in office.officers}
    if len(humans) < 2:
        zh, en = "不足两名经办人,无法制证", "fewer than two officers, so nothing can be issued"
        yield Finding(WARN, zh, en, f"certsvc keys officer H1 --org {instance.settings.authority} --name 姓名")
    else:
        yield Finding(
            OK, f"机构 {len(found)} 个,经办人 {len(humans)} 名", f"{len(found)} offices, {len(humans)} officers"
        )


def _trust(instance: Instance) -> Iterator[Finding]:
    with instance.engines.read.connect() as connection:
        ends = documents.current_trust(connection).unverified_payload["exp"]
        percent = trust_room.used(connection)
    yield _dated(instance, ends, TRUST_NOTICE, ("信任清单", "trust bundle"), "certsvc keys trust")
    if percent >= trust_room.WARN:
        most, least = trust_room.ROTATE, trust_room.ENROL
        zh = f"信任清单已用 {percent}%:{least}% 起不再登记,{most}% 起不再轮换其他机构的密钥"
        en = f"the trust bundle is {percent}% full: from {least}% nobody is enrolled, from {most}% no office's key is rotated"
        yield Finding(WARN if percent < least else BAD, zh, en, "certsvc keys history --json")


def _calendar(instance: Instance) -> Iterator[Finding]:
    with instance.engines.read.connect() as connection:
        last = date.fromisoformat(documents.current_calendar(connection).unverified_payload["last"])
    left = (last - local_date(instance.now())).days
    state = OK if left > CALENDAR_NOTICE else WARN if left >= 0 else BAD
    hint = "" if state == OK else "pip install -U chinesecalendar && certsvc keys calendar"
    yield Finding(state, f"工作日历到 {last}", f"working-day calendar until {last}", hint)


def _status_lists(instance: Instance) -> Iterator[Finding]:
    lists = published_lists(instance)
    if not lists:
        yield Finding(OK, "状态表尚未发布(还没有证书)", "no status list yet, as there is no certificate")
    for uri, latest in lists.items():
        age, number = instance.now() - latest.iat, uri.rpartition("/")[2]
        days = timedelta(seconds=age).days
        # A list is signed anew whenever somebody asks, so an old one only says that nobody has.
        state = OK if age < LIST_TERM else WARN
        hint = "" if state == OK else "certsvc serve"
        yield Finding(
            state, f"第 {number} 份状态表 {days} 天前发布", f"status list {number} published {days} days ago", hint
        )


def _log(instance: Instance) -> Iterator[Finding]:
    """Whether everything that was signed stands in the public log, and nothing there was rolled back."""
    missing = log_backfill.count_unlogged(instance)
    if missing:
        zh, en = f"{missing:,} 份文件未进入日志", f"{missing:,} documents have no leaf in the log"
        yield Finding(WARN, zh, en, "certsvc log backfill")
    count, since = log_leaves.waiting_since(instance)
    with instance.engines.read.connect() as connection:
        size = log_store.read_state(connection).pub_size
    if since is not None:
        # The wall's clock, as in the outbox: a demo's clock may stand in the past.
        day, waits = f"{datetime.fromtimestamp(since, UTC):%Y-%m-%d %H:%M:%SZ}", int(time.time()) - since
        zh, en = f"{count:,} 条日志自 {day} 起等待写入", f"{count:,} entries wait for the log since {day}"
        yield Finding(WARN if waits < DAY else BAD, zh, en, "certsvc log tick")
    log.check_not_rolled_back(instance)
    yield Finding(OK, f"日志已发布 {size:,} 条", f"{size:,} entries of the log are published")


def _witnesses(instance: Instance) -> Iterator[Finding]:
    """Whether enough witnesses are there and have cosigned lately. Under a strict root nothing is issued without."""
    policy = cosign.policy(instance)
    if policy is None:
        # Under another root nobody has to be appointed.
        check_witnesses(instance)
        return
    count, wanted = cosign.answering(instance), policy.threshold
    zh, en = f"见证人应答 {count} 名,须 {wanted} 名", f"{count} witnesses answer, {wanted} have to cosign"
    yield Finding(OK if count >= wanted else BAD, zh, en, "" if count >= wanted else "certsvc log tick")
    newest = max(cosign.cosigned_at(instance), default=None)
    if newest is None or instance.now() - newest > STALE:
        when = "never" if newest is None else f"{datetime.fromtimestamp(newest, UTC):%Y-%m-%d %H:%M:%SZ}"
        zh, en = f"最新检查点的见证签名已过时({when})", f"the newest checkpoint was cosigned too long ago ({when})"
        yield Finding(WARN, zh, en, "certsvc serve")


def _clock(instance: Instance) -> Iterator[Finding]:
    """Whether our clock is that of the witnesses. They are not asked while leaves wait, which were there already."""
    if cosign.policy(instance) is None or log_leaves.waiting_since(instance)[0]:
        return
    fault = cosign.clock_fault(instance, cosign.cosign(instance))
    if fault is not None:
        yield Finding(BAD if is_strict(instance) else WARN, fault.zh, fault.en, fault.hint)


def _intents(instance: Instance) -> Iterator[Finding]:
    """What an interruption left behind."""
    with instance.engines.read.connect() as connection:
        waiting = certificate_store.count_waiting(connection)
        count = len(certificate_store.list_intents(connection)) - waiting
    if waiting:
        zh, en = (
            f"{waiting:,} 份证书等待写入日志,尚未生效",
            f"{waiting:,} certificates wait for the log, not yet in force",
        )
        yield Finding(WARN, zh, en, "certsvc log tick")
    ready = [v for v in overview.rosters(instance) if v.next_step is None and v.issued < v.people]
    unfinished, void = ([v.roster.id for v in ready if bool(v.spoilt) is lost] for lost in (False, True))
    if void:
        zh, en = f"花名册 {', '.join(void)} 有环节已失效", f"acts of {', '.join(void)} count no more"
        yield Finding(WARN, zh, en, f"certsvc roster check {void[0]}")
    hint = f"certsvc issue {unfinished[0]}" if unfinished else ""
    if count > 0:
        yield Finding(WARN, f"有 {count} 份证书未制完", f"{count} certificates were interrupted", hint)
    elif unfinished:
        zh, en = f"花名册 {', '.join(unfinished)} 可以制证", f"{', '.join(unfinished)} can be issued"
        yield Finding(WARN, zh, en, hint)
    else:
        yield Finding(OK, "没有中断的制证", "no interrupted issue")


def _fonts(instance: Instance) -> Iterator[Finding]:
    """Whether every name that is still to be printed can be drawn."""
    fonts = instance.fonts
    waiting = [v.roster.id for v in overview.rosters(instance) if v.issued < v.people]
    names = {e.name for roster in waiting for e in overview.entries_of(instance, roster) if e.struck_by is None}
    missing = fonts.missing("".join(sorted(names)))
    if missing:
        points = " ".join(f"{char} {point}" for char, point in missing[:10])
        zh, en = f"字体缺字:{points}", f"no font draws {points}"
        yield Finding(BAD, zh, en, f"mkdir -p {instance.home}/fonts && cp FONT.ttf {instance.home}/fonts/")
    else:
        count = len(fonts.code_points)
        yield Finding(OK, f"字体 {len(fonts.files)} 个,{count:,} 字", f"{len(fonts.files)} fonts, {count:,} characters")


def _dated(instance: Instance, ends: int, notice: int, words: tuple[str, str], hint: str) -> Finding:
    left = (ends - instance.now()) // DAY
    state = OK if left > notice else WARN if left >= 0 else BAD
    day = local_date(ends)
    return Finding(state, f"{words[0]}到 {day}", f"{words[1]} until {day}", "" if state == OK else hint)


REGISTER: tuple[Callable[[Instance], Iterator[Finding]], ...] = (
    _keys, _roots, key_ends, _top_grant, _root_key, _certifiers, _privacy, _officers, _trust, _calendar, _procedures, _status_lists, _log, _witnesses, _clock, _intents, _fonts,
)  # fmt: skip
