"""The letter to a holder about a decision (告知书), Chinese first: what, why, on what paper, from when, and what one may do.

A letter names the person and the certificate, and never an identity number: it lies in offices and mail boxes.
"""

#: Days in which a holder may ask for administrative reconsideration, from the day the decision became known to him:
#: 中华人民共和国行政复议法(2023 年修订)第二十条第一款. The rules on titles themselves state no number of days.
APPEAL_DAYS = 60

Words = tuple[str, str]

#: Act -> what was decided.
DECISIONS: dict[str, Words] = {
    "suspend": ("您的证书已被暂停使用", "Your certificate has been suspended"),
    "reinstate": ("您的证书已恢复有效", "Your certificate has been reinstated"),
    "revoke": ("您的证书已被撤销", "Your certificate has been revoked"),
    "withdraw": ("您的证书已注销", "Your certificate has been withdrawn"),
    "correct": ("您的证书已更正换发", "Your certificate has been corrected and issued anew"),
}
#: Class of reason; details stay in the paper.
REASONS: dict[str, Words] = {
    "fraud": ("弄虚作假", "fraud"),
    "procedure": ("评审程序违规", "breach of procedure"),
    "issuing_error": ("发证差错", "error in issuing"),
    "inquiry": ("正在核查", "an inquiry is under way"),
    "cleared": ("经核查无问题", "the inquiry found nothing"),
    "holder_request": ("本人申请", "request of the holder"),
    "correction": ("更正证书所载信息", "correction of what the certificate says"),
    "key_compromised": (
        "签发机关的签名密钥失密,与您本人无关",
        "a signing key of the issuer was compromised; this is not about you",
    ),
}
#: Act -> from when, and what that means.
EFFECTS: dict[str, Words] = {
    "suspend": (
        "自 {day} 起暂停,直至恢复或另行决定",
        "suspended from {day} until it is reinstated or decided otherwise",
    ),
    "reinstate": ("自 {day} 起恢复有效", "in force again from {day}"),
    "withdraw": ("自 {day} 起注销,不再恢复", "withdrawn from {day}, for good"),
    "correct": (
        "自 {day} 起由第 {next} 版替代,编号不变;旧版不再使用",
        "replaced by version {next} from {day} under the same number; the old version is no longer used",
    ),
}
REVOKED_FROM_THE_BEGINNING: Words = ("自始无效,不再恢复", "void from the beginning, for good")
REVOKED_FROM_A_DAY: Words = ("自 {since} 起无效,不再恢复", "void from {since}, for good")
SAME_CONTENT: Words = ("内容不变,重新签名", "the same content, signed anew")
FIELDS: dict[str, Words] = {
    "name": ("姓名", "name"),
    "sex": ("性别", "sex"),
    "birth": ("出生日期", "date of birth"),
    "id": ("证件号码", "identity number"),
}
CHANGED: Words = ("更正项目:{fields}", "corrected: {fields}")
JOINED: Words = ("、", ", ")

LETTER: Words = (
    """告知书 {id}

{name}:
  {decision}。
  证书:{certificate},编号 {number},第 {version} 版,{title}({level})
  理由:{reason}
  依据:{paper_title}({paper_number},{paper_date})
  效力:{effect}
  决定机关:{org},{day}
  如不服本决定,可自知道本决定之日起 {appeal} 日内依法申请行政复议(行政复议法第二十条);决定书另有写明的,以决定书为准。
  如有疑问,请向{org}询问,并说明本告知书编号和证书编号;证书当前状态可在 {url} 查验。
""",
    """Notice {id}

{name}:
  {decision}.
  Certificate: {certificate}, number {number}, version {version}, {title} ({level})
  Reason: {reason}
  Paper: {paper_title} ({paper_number}, {paper_date})
  Effect: {effect}
  Decided by: {org}, {day}
  You may ask for administrative reconsideration within {appeal} days of learning of this decision (Administrative
  Reconsideration Law, article 20), unless the paper says otherwise.
  Questions: ask {org} and give the number of this notice and of the certificate. The present status: {url}
""",
)
