"""`keys`: organisations, officers, grants, and the documents that the policy key signs."""

from typing import Any

import click

from certsvc.cli import key_care, key_drill
from certsvc.cli.options import Moment, acts_at_a_time, names_a_paper, opens_home
from certsvc.cli.say import bar, done, next_step, out, table, talk
from certsvc.core.schemas import GRANTABLE_ACTS, ROLES
from certsvc.core.titles import LEVELS
from certsvc.instance import Instance
from certsvc.services import delegation, documents, enrol, procedures
from certsvc.services.delegation import FIRMS_PLANNED, ROLE_ACTS, Delegation, delegate, firms_beyond_plan
from certsvc.services.overview import Office, offices, pseudonym_of
from certsvc.services.sample_delegation import enrol_sample

TOKENS = [level.token for level in LEVELS]


@click.group("keys")
def keys_command() -> None:
    """机构、经办人、授权、程序 · Organisations, officers, grants, procedures."""


for _command in (
    key_care.grants,
    key_care.ungrant,
    key_care.history,
    key_care.rotate,
    key_care.end,
    key_drill.compromised,
):
    keys_command.add_command(_command)


@keys_command.command("list")
@opens_home
def list_keys(instance: Instance) -> None:
    """机构、经办人和授权 · Organisations with their officers and grants."""
    found = offices(instance)
    table(("机构 org", "名称 name", "类别 kind", "地区 region", "密钥 keys"), map(_office_row, found))
    out()
    officers = [(o.id, o.org_id, o.name_zh, o.pseudonym) for office in found for o in office.officers]
    table(("经办人 officer", "机构 org", "姓名 name", "化名 pseudonym"), officers)
    out()
    grants = [row for office in found for row in _grant_rows(office)]
    table(("授权 grant", "机构 org", "角色 role", "环节 acts", "人数 officers", "至 until"), grants)


def _office_row(office: Office) -> tuple[str, ...]:
    row = office.organisation
    return row.id, row.name_zh, row.kind, row.region, ",".join(office.uses)


def _some(acts: tuple[str, ...]) -> str:
    return ",".join(acts) if len(acts) <= 3 else f"{','.join(acts[:2])} … ({len(acts)})"


def _grant_rows(office: Office) -> list[tuple[object, ...]]:
    return [(g.sha256[:12], office.organisation.id, g.role, _some(g.acts), g.officers, g.until) for g in office.grants]


@keys_command.command("org")
@click.argument("org_id", metavar="ID")
@click.option("--name", required=True, help="中文名称 · Chinese name")
@click.option("--name-en", help="英文名称 · English name")
@click.option("--kind", default="unit", show_default=True, help="unit, county, city, department, committee, hrss …")
@click.option("--uscc", help="统一社会信用代码;没有则以代号为准 · USCC; without it the id is the local code")
@click.option("--region", default="220000", show_default=True, help="地区代码 · region code")
@click.option("--may-delegate", is_flag=True, help="另做授权密钥 · also a grant key, for passing grants on")
@click.option("--years", default=3, show_default=True, type=click.IntRange(1, 10))
@acts_at_a_time
def add_org(
    instance: Instance,
    org_id: str,
    name: str,
    name_en: str | None,
    kind: str,
    uscc: str | None,
    region: str,
    may_delegate: bool,
    years: int,
) -> None:
    """登记机构并制作印章密钥 · Enrol an organisation with a seal key."""
    uses = ("seal", "grant") if may_delegate else enrol.SEALING_USES
    new = enrol.NewOrganisation(org_id, name, name_en or name, kind, uscc, region, uses)
    enrol.enrol_organisation(instance, new, years)
    documents.publish_trust(instance)
    done(f"机构已登记:{org_id}", "organisation enrolled")
    next_step(f"certsvc keys officer {org_id}-1 --org {org_id} --name 姓名")


@keys_command.command("officer")
@click.argument("officer_id", metavar="ID")
@click.option("--org", "org_id", required=True, help="所在机构 · organisation")
@click.option("--name", required=True, help="姓名 · name")
@click.option("--same-human", metavar="OFFICER", help="与此经办人是同一人 · the same human as this officer")
@click.option("--another-human", is_flag=True, help="与本机构同名者并非一人 · not the officer here of the same name")
@click.option("--years", default=3, show_default=True, type=click.IntRange(1, 10))
@acts_at_a_time
def add_officer(
    instance: Instance,
    officer_id: str,
    org_id: str,
    name: str,
    same_human: str | None,
    another_human: bool,
    years: int,
) -> None:
    """登记经办人并制作签字密钥 · Enrol an officer with a signing key."""
    if same_human is not None and another_human:
        raise click.UsageError("--same-human | --another-human")
    alias = None if same_human is None else pseudonym_of(instance, same_human)
    enrol.enrol_officer(instance, officer_id, org_id, name, alias, years, another_human)
    done(f"经办人已登记:{officer_id}({org_id})", "officer enrolled")
    next_step(f"certsvc keys grant {org_id} --role ROLE --document-number 文号")


def _listed(_ctx: click.Context, _param: click.Parameter, value: str | None) -> list[str] | None:
    """A comma list."""
    return None if value is None else [part.strip() for part in value.split(",") if part.strip()]


class Share(click.ParamType):
    """level=percent, an approved pass ratio."""

    name = "LEVEL=PERCENT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, int]:
        level, _, percent = str(value).partition("=")
        if level not in TOKENS or not percent.isdecimal() or not 1 <= int(percent) <= 100:
            self.fail(f"{value!r}: senior=45 ({', '.join(TOKENS)}; 1–100)", param, ctx)
        return level, int(percent)


@keys_command.command("grant")
@click.argument("org_id", metavar="ORG")
@click.option("--role", required=True, type=click.Choice(ROLES), help="角色 · role")
@click.option("--officer", "officers", multiple=True, metavar="ID", help="经办人,默认全部 · officers, all by default")
@click.option("--act", "acts", multiple=True, type=click.Choice(GRANTABLE_ACTS), help="环节,默认按角色 · acts")
@click.option("--series", callback=_listed, metavar="05,06", help="系列 · series")
@click.option("--specialties", callback=_listed, help="专业 · specialties")
@click.option("--levels", callback=_listed, metavar="A,B", help=", ".join(TOKENS))
@click.option("--regions", callback=_listed, metavar="220100", help="地区 · regions")
@click.option("--tracks", callback=_listed, metavar="T01,T04", help="取得方式 · tracks")
@click.option("--years", nargs=2, type=int, metavar="FROM TO", help="评审年度 · award years")
@click.option("--until", type=Moment(), help="授权止 · end of the grant")
@click.option("--ratio", "ratios", multiple=True, type=Share(), help="核定的通过比例,可重复 · approved pass ratio")
@click.option("--parent", metavar="ORG|SHA256", help="上级机构或授权,默认发证机关 · the office or grant above")
@click.option("--depth", default=0, show_default=True, type=click.IntRange(0, 2), help="可再下放几级 · levels below")
@acts_at_a_time
@names_a_paper(required=True)
def add_grant(
    instance: Instance,
    org_id: str,
    role: str,
    officers: tuple[str, ...],
    acts: tuple[str, ...],
    years: tuple[int, int] | None,
    until: int | None,
    ratios: tuple[tuple[str, int], ...],
    parent: str | None,
    depth: int,
    document: dict[str, str],
    **dimensions: list[str] | None,
) -> None:
    """授权:不写的范围与上级相同 · Grant a role; dimensions left out are as wide as the grant above."""
    narrowed: dict[str, object] = {name: listed for name, listed in dimensions.items() if listed is not None}
    if years:
        narrowed["years"] = {"from": years[0], "to": years[1]}
    wanted = Delegation(org_id, role, document, officers, acts, narrowed, until, parent, depth, dict(ratios))
    name = key_care.lawfully(instance, lambda: delegate(instance, wanted), parent or instance.settings.authority)
    done(f"已授权 {org_id}:{role} → {', '.join(acts or ROLE_ACTS[role])}", f"granted, {name}")
    firms = firms_beyond_plan(instance, org_id)
    if firms is not None:
        zh = f"注意:自主评审企业已有 {firms} 家,超过计划 {FIRMS_PLANNED} 家"
        done(zh, f"note: {firms} firms review by themselves, {FIRMS_PLANNED} were planned")
    next_step(f"certsvc keys grants {org_id}")


@keys_command.command("renew")
@acts_at_a_time
@names_a_paper(required=True)
def renew_top_grant(instance: Instance, document: dict[str, str]) -> None:
    """发证机关自己的总授权续期 · Give the authority's own grant anew before it ends."""
    name = delegation.renew_top_grant(instance, document)
    done(f"总授权已续授:{instance.settings.authority}", f"the authority's own grant is given anew, {name}")
    talk("  各机构的授权随旧的总授权到期,请逐一重新授予 · Grants below end with the former one: give them anew.")
    next_step("certsvc keys grants")


@keys_command.command("sample-delegation")
@acts_at_a_time
def sample_delegation(instance: Instance) -> None:
    """演示:登记 2022 年通知中的各类机构并授权 · Demo: the delegation of the 2022 notice, with invented offices."""
    with bar("示例授权 delegation") as progress:
        new = enrol_sample(instance, progress)
    done(f"示例授权:新增 {new} 个机构", f"{new} sample organisations enrolled")
    next_step("certsvc keys list")


@keys_command.command("procedures")
@acts_at_a_time
def publish_procedures(instance: Instance) -> None:
    """签发随程序提供的新版程序文件 · Sign procedures that ship with this version and are not published yet."""
    tracks = documents.publish_procedures(instance)
    documents.publish_trust(instance)
    done(f"新发布 {len(tracks)} 份程序:{', '.join(tracks) or '—'}", "procedures published")
    ended = [track for track, last in procedures.ends_of(instance).items() if last < instance.now()]
    if ended:
        names = " ".join(ended)
        out(f"已到期,先升级程序:{names} · ended, and newer ones come with an update of certsvc: {names}")
    next_step("certsvc procedure list")


@keys_command.command("calendar")
@acts_at_a_time
def publish_calendar(instance: Instance) -> None:
    """签发工作日历 · Sign the working-day calendar of the installed library."""
    name = documents.publish_calendar(instance)
    documents.publish_trust(instance)
    done("工作日历已发布", f"calendar published, {name}")
    next_step("certsvc doctor")


@keys_command.command("trust")
@acts_at_a_time
def publish_trust(instance: Instance) -> None:
    """签发信任清单 · Sign a new trust bundle."""
    document = documents.publish_trust(instance)
    done("信任清单已发布", f"trust bundle published, {document.sha256}")
    next_step("certsvc doctor")
