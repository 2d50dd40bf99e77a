"""The table of commands. A command's module is loaded only when it is called, so that `--help` is instant."""

from importlib import import_module

import click
from click import Command, Context, HelpFormatter

from certsvc import __version__
from certsvc.cli.errors import shown_to_people

#: name -> (module, what it does). The function in the module has the name of the command, with _ for -.
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "虚构的省份,含十二种核验结果 · an invented province with every verdict"),
    "verify": ("verify", "核验文件、查验码、编号 · verify files, codes, numbers"),
    "init": ("setup", "密钥仪式,建立实例 · key ceremony, makes a home"),
    "keys": ("keys", "机构、经办人、授权、程序 · organisations, officers, grants, procedures"),
    "procedure": ("procedure", "程序:列表、内容、草案试算 · procedures: list, show, try a draft"),
    "roster": ("roster", "花名册:模板、导入、检查 · rosters: template, import, check"),
    "act": ("act", "对花名册办理一个环节 · sign one act on a roster"),
    "register": ("register", "考试、外省职称只登记入库 · titles that enter the register only"),
    "equivalence": ("equivalence", "双贯通:职业资格对应职称 · qualifications that are titles"),
    "issue": ("certificates", "制证 · issue certificates"),
    "list": ("certificates", "已发证书 · certificates issued"),
    "show": ("certificates", "一份证书的全貌 · everything about one certificate"),
    "pdf": ("certificates", "签章 PDF · the signed PDF"),
    "png": ("certificates", "预览图 · a preview picture"),
    "bundle": ("certificates", "证据包 · the evidence bundle"),
    "status": ("status", "暂停、撤销、更正等 · suspend, revoke, correct …"),
    "log": ("log", "公开日志:检查点、证明、镜像 · transparency log: checkpoint, proofs, mirrors"),
    "witness": ("witness", "公开日志的见证人 · a witness of transparency logs"),
    "serve": ("serve", "网页和接口服务 · pages and API"),
    "doctor": ("setup", "查找问题并给出下一步 · what is wrong, and the next command"),
    "backup": ("setup", "备份 · a restorable copy"),
    "restore": ("setup", "恢复备份 · a home from a backup"),
    "bench": ("tools", "性能测量 · measurements with baselines"),
    "openapi": ("tools", "接口描述 · the OpenAPI document"),
}


class Table(click.Group):
    """A group over COMMANDS."""

    def list_commands(self, ctx: Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"certsvc.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, f"{cmd_name}_command")
        return command if isinstance(command, Command) else None

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        with formatter.section("命令 · Commands"):
            formatter.write_dl([(name, text) for name, (_module, text) in COMMANDS.items()])

    def invoke(self, ctx: Context) -> object:
        with shown_to_people(ctx):
            return super().invoke(ctx)


@click.group(cls=Table, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="certsvc %(version)s")
def cli() -> None:
    """专业技术资格电子证书:签发、登记、核验 · Professional title certificates: issue, register, verify.

    首次使用 · Start here:  certsvc demo
    """
