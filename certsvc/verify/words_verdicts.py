"""The twelve verdicts in words (experience.md 2.1): one headline, why, and what to do next, without jargon or blame.

Placeholders: {issuer}, {T} time asked about, {D} day of the decision, {E} from when it counts, {class} of reason,
{until} end of a term, {cause} the sentence of the check that decided, which names act and organisation.
"""

from dataclasses import dataclass, replace

from certsvc.verify.words_terms import Words

#: The national HR service line, answered in every province.
PHONE = "12333"


@dataclass(frozen=True)
class VerdictWords:
    """What is said about one verdict."""

    headline: Words
    reason: Words
    advice: Words


VERDICTS: dict[str, VerdictWords] = {
    "valid": VerdictWords(
        ("有效", "Valid", "유효"),
        (
            "由{issuer}签发,截至 {T} 状态正常。",
            "Issued by {issuer}; in force as of {T}.",
            "{issuer}에서 발급, {T} 현재 정상 상태입니다.",
        ),
        (
            "请核对姓名、照片、职称级别、编号是否与来人和材料一致。",
            "Compare name, photo, title and number with the person and the paper.",
            "성명·사진·직함·번호를 본인 및 서류와 대조하십시오.",
        ),
    ),
    "superseded": VerdictWords(
        ("已换新版", "Replaced by a newer version", "새 판으로 교체됨"),
        (
            "此版已于 {D} 由新版代替({class})。",
            "This version was replaced on {D} ({class}).",
            "이 판은 {D} 새 판으로 교체되었습니다({class}).",
        ),
        (
            "请以新版为准,向持证人索取新版。勿据此版办理。",
            "Ask the holder for the newer version. Do not rely on this one.",
            "새 판을 기준으로 하십시오. 소지인에게 새 판을 요청하고 이 판은 쓰지 마십시오.",
        ),
    ),
    "suspended": VerdictWords(
        ("暂停使用", "Suspended", "효력 정지"),
        (
            "自 {D} 起核查中,结论未出。",
            "Under review since {D}; not decided.",
            "{D}부터 조사 중이며 아직 결론이 없습니다.",
        ),
        (
            f"暂缓采用,待结论后再查。暂停不等于造假。咨询 {PHONE}。",
            f"Hold, and check again later. This is not a finding of fraud. Questions: {PHONE}.",
            f"채택을 보류하고 나중에 다시 확인하십시오. 정지는 위조를 뜻하지 않습니다. 문의 {PHONE}.",
        ),
    ),
    "revoked": VerdictWords(
        ("已撤销", "Revoked", "취소됨"),
        (
            "{D} 决定撤销,{E};类别:{class}。",
            "Revocation decided {D}, {E}; class: {class}.",
            "{D} 취소 결정, {E}; 유형: {class}.",
        ),
        (
            f"不得采用;请持证人说明,或致电 {PHONE}。",
            f"Do not accept; ask the holder, or call {PHONE}.",
            f"채택하지 마십시오. 소지인에게 설명을 요청하거나 {PHONE}으로 문의하십시오.",
        ),
    ),
    "void": VerdictWords(
        ("程序无效", "Void: outside the prescribed procedure", "절차 위반 무효"),
        (
            "签名与内容相符,但未按规定程序办理。{cause}",
            "The signatures fit what was signed, but it was done outside the prescribed procedure. {cause}",
            "서명은 내용과 맞으나 정해진 절차를 벗어났습니다. {cause}",
        ),
        (
            f"不得采用;请向发证机关核实,可附本页。咨询 {PHONE}。",
            f"Do not accept; take this page to the issuing office. Questions: {PHONE}.",
            f"채택하지 마십시오. 이 결과를 첨부해 발급기관에 확인하십시오. 문의 {PHONE}.",
        ),
    ),
    "withdrawn": VerdictWords(
        ("已注销", "Withdrawn", "말소됨"),
        (
            "{D} 注销;类别:{class}。",
            "Withdrawn on {D}; class: {class}.",
            "{D} 말소되었습니다. 유형: {class}.",
        ),
        (
            "{D} 之后不得作为有效证书采用。",
            "Not usable after {D}.",
            "{D} 이후에는 유효한 증서로 쓸 수 없습니다.",
        ),
    ),
    "out_of_term": VerdictWords(
        ("已过使用期限", "Past its term", "기간 만료"),
        (
            "有期限的职称或加注件,期限至 {until}。",
            "A time-limited title or annotated copy; it ended {until}.",
            "기간이 정해진 직함 또는 주석본으로 {until}에 만료되었습니다.",
        ),
        (
            "加注件:请本人重新出具;职称:看持证人最新证书。",
            "Ask the holder for a new copy or the current certificate.",
            "소지인에게 새 사본이나 최신 증서를 요청하십시오.",
        ),
    ),
    "tampered": VerdictWords(
        ("内容被改动", "Content altered", "내용 변조됨"),
        (
            "所出示的不是签发时的原样,所写内容一概不可信。{cause}",
            "What was shown is not as it was issued; trust none of it. {cause}",
            "제시된 것이 발급 당시의 원형이 아니므로 내용을 전혀 믿을 수 없습니다. {cause}",
        ),
        (
            f"不得采用;请保留原件,致电 {PHONE} 反映。",
            f"Do not accept; keep it, and report it to {PHONE}.",
            f"채택하지 마십시오. 원본을 보관하고 {PHONE}으로 신고하십시오.",
        ),
    ),
    "not_issued": VerdictWords(
        ("非本厅签发", "Not issued by us", "우리가 발급하지 않음"),
        ("{cause}", "{cause}", "{cause}"),
        (
            "不得采用;请从官方网址手工输入查验码再查一次。",
            "Do not accept; type the code by hand at the official address.",
            "채택하지 마십시오. 공식 주소에서 확인 코드를 직접 입력해 다시 확인하십시오.",
        ),
    ),
    "no_record": VerdictWords(
        ("未查到记录", "No record found", "기록 없음"),
        (
            "按编号和姓名未查到。早年纸质证书可能尚未入库。",
            "Nothing under this number and name; old paper titles may not be entered yet.",
            "번호와 성명으로 찾지 못했습니다. 오래된 종이 증서는 아직 등록되지 않았을 수 있습니다.",
        ),
        (
            f"不等于假证。请核对输入;仍查不到可致电 {PHONE} 人工核查。",
            f"Not proof of forgery. Check what you typed, or call {PHONE} for a manual check.",
            f"위조라는 뜻이 아닙니다. 입력을 확인하거나 {PHONE}으로 수동 확인을 요청하십시오.",
        ),
    ),
    "unreadable": VerdictWords(
        ("无法识别", "Cannot be read", "인식 불가"),
        ("{cause}", "{cause}", "{cause}"),
        (
            "请重拍(平放、靠近、避光),或手工输入 16 位查验码。",
            "Take the picture again (flat, close, no glare), or type the 16-character code.",
            "다시 촬영(평평하게, 가까이, 빛 반사 없이)하거나 16자리 코드를 입력하십시오.",
        ),
    ),
    "cannot_decide": VerdictWords(
        ("暂时无法判定", "Cannot decide now", "지금은 판정 불가"),
        ("{cause}", "{cause}", "{cause}"),
        (
            f"不要当作真,也不要当作假。请稍后联网重试,或致电 {PHONE}。",
            f"Neither accept nor reject. Try again online, or call {PHONE}.",
            f"진짜로도 가짜로도 보지 마십시오. 온라인으로 다시 시도하거나 {PHONE}으로 문의하십시오.",
        ),
    ),
}

#: Where the decision is not told: a newer list alone says it, or nothing of the certificate may be told.
UNDATED: dict[str, VerdictWords] = {
    "superseded": replace(
        VERDICTS["superseded"],
        reason=(
            "此版已由新版代替;何时代替,此处未载。",
            "This version was replaced; since when is not told here.",
            "이 판은 새 판으로 교체되었습니다. 교체일은 여기에 없습니다.",
        ),
    ),
    "suspended": replace(
        VERDICTS["suspended"],
        reason=(
            "核查中,结论未出;何时起暂停,此处未载。",
            "Under review; not decided. Since when is not told here.",
            "조사 중이며 아직 결론이 없습니다. 시작일은 여기에 없습니다.",
        ),
    ),
    "revoked": replace(
        VERDICTS["revoked"],
        reason=(
            "已被撤销;何时决定、自何时无效,此处未载。",
            "It was revoked; when that was decided, and from when it is void, is not told here.",
            "취소되었습니다. 결정일과 무효 시작일은 여기에 없습니다.",
        ),
    ),
    "withdrawn": replace(
        VERDICTS["withdrawn"],
        reason=(
            "已注销;何时、因何注销,此处未载。",
            "It was withdrawn; when and why is not told here.",
            "말소되었습니다. 말소일과 사유는 여기에 없습니다.",
        ),
        advice=(
            "不得再作为有效证书采用。",
            "No longer usable.",
            "더는 유효한 증서로 쓸 수 없습니다.",
        ),
    ),
}
#: Of a suspension that another decision ended; {end} is its day, {outcome} what it was.
SUSPENDED_UNTIL = VerdictWords(
    VERDICTS["suspended"].headline,
    (
        "自 {D} 起暂停使用,{end} 已有结论:{outcome}。",
        "Suspended from {D}; decided {end}: {outcome}.",
        "{D}부터 효력 정지, {end} 결론: {outcome}.",
    ),
    (
        f"所问之时暂停使用,后来已有结论;现在的状态请按今日再查。咨询 {PHONE}。",
        f"It was suspended at that time, and has been decided since; check it again as of today. Questions: {PHONE}.",
        f"해당 시점에는 정지 상태였고 이후 결론이 났습니다. 현재 상태는 오늘 날짜로 다시 확인하십시오. 문의 {PHONE}.",
    ),
)

#: Endings of the revoked sentence.
FROM_THE_START: Words = ("自始无效", "void from the beginning", "처음부터 무효")
FROM_A_DAY: Words = ("自 {day} 起无效", "void from {day}", "{day}부터 무효")
#: What a timeline says of it.
DECIDED: Words = ("{day} 决定撤销,{effect}", "revocation decided {day}, {effect}", "{day} 취소 결정, {effect}")
#: And of a decision about a later version.
OF_LATER_VERSION: Words = (
    "(针对后续版本,此版随之无效)",
    " (of a later version, and of this one with it)",
    " (이후 판에 대한 결정이며 이 판도 함께 무효)",
)
