"""The gallery: one file per case in HOME/demo, and two manifests that say what each must verify to."""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from certsvc.core.codes import verification_code
from certsvc.core.jose import parse_document
from certsvc.demo import forge, unregistered, world
from certsvc.demo.lifecycle import stored
from certsvc.demo.people import Crowd
from certsvc.demo.story import DAY_ZERO, Story, batch
from certsvc.instance import open_instance
from certsvc.services.ceremony import hold_ceremony
from certsvc.services.issue import Issued
from certsvc.services.log_leaves import transaction
from certsvc.services.pdf import pdf_of
from certsvc.services.publish import list_uri, publish_status_list
from certsvc.services.verify_evidence import fresh_bundle

ENGINEERS, FRESH = "roster-T01-engineers.xlsx", "roster-T06-grass-roots.xlsx"
MOTOR, LIMITED = "roster-T04-motor-group.xlsx", "roster-T01-time-limited.xlsx"


@dataclass(frozen=True)
class Case:
    """One file: what it verifies to with the register and with the root alone, and what it shows."""

    file: str
    verdict: str
    offline: str
    zh: str
    en: str
    make: Callable[["Maker"], bytes]
    of: tuple[str, int] = (FRESH, 0)
    """Roster file and position of the certificate it is about."""
    shows_code: bool = False
    """Whether the code of that certificate leads to the same verdict on its page."""


class Maker:
    """What a case may use."""

    def __init__(self, story: Story, seed: int, foreign: bytes) -> None:
        self.story, self.seed, self.foreign = story, seed, foreign
        self.one: Issued = story.issued[FRESH][0]

    def about(self, case: Case) -> "Maker":
        self.one = self.story.issued[case.of[0]][case.of[1]]
        return self

    @property
    def url(self) -> str:
        return f"{self.story.instance.public_url}/v/{self.one.code}"

    def pdf(self) -> bytes:
        return pdf_of(self.story.instance, stored(self.story, self.one.certificate.id))

    def bundle(self) -> bytes:
        return fresh_bundle(self.story.instance, self.one.code) or b""

    def picture(self) -> "forge.Image.Image":
        return forge.picture_of(self.pdf())

    def kept(self, name: str) -> bytes:
        """A PDF that was taken before the event."""
        return (self.story.folder / name).read_bytes()


CASES: tuple[Case, ...] = (
    Case("valid.pdf", "valid", "valid", "原件", "The file as issued", Maker.pdf, shows_code=True),
    Case("valid.bundle", "valid", "valid", "证据包", "The evidence bundle of a certificate", Maker.bundle),
    Case("valid-autonomous-review.pdf", "valid", "cannot_decide", "自主评审(T04)的原件;离线时状态表已过期",
         "Autonomous review (T04); offline its status list is too old", Maker.pdf, (MOTOR, 0), True),
    Case("valid-photo-of-certificate.png", "valid", "cannot_decide", "证书的照片:只认二维码",
         "A picture of the paper: only its QR counts", lambda m: forge.png(m.picture())),
    Case("valid-scan.pdf", "valid", "cannot_decide", "扫描件:不是原件,按二维码查验", "A scan: not the file, judged by its QR",
         lambda m: forge.scanned_pdf(m.picture())),
    Case("forged-paper-genuine-qr.png", "valid", "cannot_decide", "真二维码贴在假证上:须逐项核对姓名",
         "A genuine QR on a forged paper: compare the name", lambda m: forge.png(forge.forged_paper(m.picture(), "赵虚冒"))),
    Case("tampered-token.bundle", "tampered", "tampered", "证书数据改动一个字节", "One byte of the token changed",
         lambda m: forge.flip_one_byte_of_token(m.bundle())),
    Case("tampered-text-layer.pdf", "tampered", "tampered", "外观相同,文字层被改", "Looks the same, its text layer was changed",
         lambda m: forge.change_text_layer(m.pdf())),
    Case("tampered-appended-revision.pdf", "tampered", "tampered", "签章后追加了修订", "A revision appended after the signature",
         lambda m: forge.append_revision(m.pdf())),
    Case("not-issued-own-root.pdf", "not_issued", "not_issued", "伪造者自建根,机构同名", "A forger's own root with the same names",
         lambda m: m.foreign),
    Case("not-issued-unknown-code.json", "not_issued", "cannot_decide", "格式正确但从未签发的查验码",
         "A well-formed code that was never issued", lambda m: look_up(code=verification_code(m.seed))),
    Case("not-issued-foreign-host.png", "not_issued", "cannot_decide", "二维码指向冒充的网址", "A QR that leads to a foreign host",
         lambda m: forge.png(forge.qr_card([f"https://verify.example.invalid/v/{m.one.code}"], "示例 SAMPLE"))),
    Case("void-committee-level.pdf", "void", "void", "中级评委会评了副高级", "A committee that judged beyond its level",
         Maker.pdf, ("irregular-committee-level.xlsx", 0), True),
    Case("void-notice-four-days.pdf", "void", "void", "公示只有四个工作日", "A public notice of four working days",
         Maker.pdf, ("irregular-notice-four-days.xlsx", 0), True),
    Case("void-missing-notice.pdf", "void", "void", "缺少评审结果公示", "The notice of the result is missing",
         Maker.pdf, ("irregular-missing-notice.xlsx", 0), True),
    Case("void-one-night.pdf", "void", "void", "一夜补办:文件日期齐全,公开日志显示全部环节在同一晚签署",
         "Done in one night: the papers are dated as they should be, the public log shows the truth",
         Maker.pdf, ("irregular-one-night.xlsx", 0), True),
    Case("suspended.pdf", "suspended", "cannot_decide", "暂停使用", "Suspended", lambda m: m.kept("suspended.pdf"), (ENGINEERS, 1), True),
    Case("suspended.bundle", "suspended", "suspended", "暂停使用(证据包)", "Suspended (bundle)", Maker.bundle, (ENGINEERS, 1)),
    Case("revoked-from-date.pdf", "revoked", "cannot_decide", "自某日起撤销", "Revoked from a date",
         lambda m: m.kept("revoked-from-date.pdf"), (ENGINEERS, 2), True),
    Case("revoked-from-date.bundle", "revoked", "revoked", "自某日起撤销(证据包)", "Revoked from a date (bundle)", Maker.bundle, (ENGINEERS, 2)),
    Case("revoked-from-beginning.pdf", "revoked", "cannot_decide", "撤销,自始无效", "Revoked from the beginning",
         lambda m: m.kept("revoked-from-beginning.pdf"), (ENGINEERS, 3), True),
    Case("revoked-from-beginning.bundle", "revoked", "revoked", "撤销,自始无效(证据包)", "Revoked from the beginning (bundle)",
         Maker.bundle, (ENGINEERS, 3)),
    Case("withdrawn.pdf", "withdrawn", "cannot_decide", "已注销", "Withdrawn", lambda m: m.kept("withdrawn.pdf"), (ENGINEERS, 4), True),
    Case("withdrawn.bundle", "withdrawn", "withdrawn", "已注销(证据包)", "Withdrawn (bundle)", Maker.bundle, (ENGINEERS, 4)),
    Case("superseded.pdf", "superseded", "cannot_decide", "已更正换发的旧版", "The version before a correction",
         lambda m: m.kept("superseded.pdf"), (ENGINEERS, 5), True),
    Case("superseded.bundle", "superseded", "superseded", "已更正换发的旧版(证据包)", "The version before a correction (bundle)",
         Maker.bundle, (ENGINEERS, 5)),
    Case("valid-corrected.pdf", "valid", "cannot_decide", "更正后的新版", "The corrected version", Maker.pdf, ("corrected", 0), True),
    Case("out-of-term.pdf", "out_of_term", "out_of_term", "有期限的职称,已过期", "A time-limited title past its term", Maker.pdf, (LIMITED, 0), True),
    Case("no-record.json", "no_record", "cannot_decide", "编号与姓名查无记录", "A number and name without a record",
         lambda m: look_up(number=m.one.certificate.number, name="钱示无")),
    Case("number-and-name.json", "valid", "cannot_decide", "按编号和姓名查询", "Look-up by number and full name",
         lambda m: look_up(number=m.one.certificate.number, name=holder(m))),
    Case("two-codes.png", "cannot_decide", "cannot_decide", "一张图上有两个二维码", "Two codes on one picture",
         lambda m: forge.png(forge.qr_card([m.url, other_url(m)], "示例 SAMPLE"))),
    Case("stale-status.bundle", "valid", "cannot_decide", "状态表已过期的证据包", "A bundle whose status list is too old",
         lambda m: stored(m.story, m.one.certificate.id).frozen_bundle, (ENGINEERS, 6)),
    Case("not-in-register.bundle", "cannot_decide", "cannot_decide", "签名真实,信息库和公开日志都没有此证书", "Genuine keys, but neither register nor public log holds it",
         lambda m: unregistered.make(m.story, m.one)),
    Case("unreadable-photo.png", "unreadable", "unreadable", "模糊的照片", "A blurred photo", lambda m: forge.png(forge.blurred(m.picture()))),
    Case("unreadable-file.bin", "unreadable", "unreadable", "不是任何证书文件", "No certificate file of any kind", lambda m: forge.noise(m.seed)),
    Case("unreadable-typing-slip.json", "unreadable", "unreadable", "查验码输错一位", "A code with one wrong character",
         lambda m: look_up(code=slip(m.one.code))),
)  # fmt: skip


def make(story: Story, seed: int) -> None:
    """Writes every case and both manifests into HOME/demo."""
    publish_now(story)
    maker = Maker(story, seed, _foreign_pdf(story, seed))
    texts = []
    for number, case in enumerate(CASES, start=1):
        (story.folder / case.file).write_bytes(case.make(maker.about(case)))
        code = maker.one.code if case.shows_code else None
        texts.append({"file": case.file, "verdict": case.verdict, "zh": case.zh, "en": case.en, "code": code})
        story.progress("cases", number, len(CASES))
    _write(story, "manifest.json", {case.file: case.verdict for case in CASES})
    _write(story, "manifest-offline.json", {case.file: case.offline for case in CASES})
    _write(story, "gallery.json", texts)


def _write(story: Story, name: str, value: object) -> None:
    (story.folder / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def publish_now(story: Story) -> None:
    """Today's status list, with every event of the story."""
    instance = story.instance
    with transaction(instance) as connection:
        publish_status_list(instance, connection, list_uri(instance))


def look_up(**arguments: str) -> bytes:
    return json.dumps(arguments, ensure_ascii=False).encode()


def holder(maker: Maker) -> str:
    return str(parse_document(maker.one.certificate.credential, "vc+jwt").unverified_payload["certificate"]["name"])


def other_url(maker: Maker) -> str:
    return f"{maker.story.instance.public_url}/v/{maker.story.issued[FRESH][1].code}"


def slip(code: str) -> str:
    """The code as it is mistyped."""
    return code[:-1] + ("0" if code[-1] != "0" else "2")


def _foreign_pdf(story: Story, seed: int) -> bytes:
    """A certificate from a forger's instance: own root, the same organisation names, the same host in words."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "forger"
        plan = world.plan(story.instance.public_url)
        hold_ceremony(home, plan, int(DAY_ZERO.timestamp()) - 86_400)
        instance = open_instance(home)
        try:
            instance.set_clock(int(DAY_ZERO.timestamp()) - 80_000)
            world.populate(instance)
            (home / "demo").mkdir()
            forger = Story(instance, home / "demo", Crowd(seed + 1), lambda *_: None)
            roster_id = forger.take_in(batch("T04", "r.xlsx", 1), 7)
            forger.walk("T04", roster_id, 7)
            one = forger.issue(roster_id, "r.xlsx")[0]
            return pdf_of(instance, stored(forger, one.certificate.id))
        finally:
            instance.close()
            shutil.rmtree(home, ignore_errors=True)
