"""The columns of a result batch (domain.md 6.1): what a header may be called, and which words its cells may hold."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from certsvc import resources
from certsvc.core.errors import Malformed


@dataclass(frozen=True)
class Column:
    """One column of a roster file."""

    key: str
    """Our name of the field; for most columns also the name in `RosterRow`."""
    zh: str
    """The header in our template."""
    kind: str
    """How its cells are read: a name in `normalise.READERS`."""
    example: str
    """The invented sample of the template."""
    synonyms: tuple[str, ...] = ()
    """Headers seen elsewhere."""
    required: bool = False
    choices: tuple[str, ...] = ()
    """Words for the drop-down of the template; empty where anything may be written."""
    template: bool = True
    """Whether the template has it; False for what older files bear and what now says nothing."""


ID_KINDS = (
    "居民身份证",
    "港澳台居民居住证",
    "外国人永久居留身份证",
    "港澳居民来往内地通行证",
    "台湾居民来往大陆通行证",
    "护照",
)

#: Ways that lead to no certificate of ours, hence without a procedure, and the words a cell may hold for them.
NO_CERTIFICATE: dict[str, tuple[str, ...]] = {
    "T15": ("双贯通对应", "双贯通", "职业资格对应"),
    "T21": ("考试", "以考代评"),
}
#: Track -> the words a cell may hold; the first is the one in the template's drop-down (domain.md 5.3). That one also
#: names the roster, and with it the papers that are signed, so it never tells health, service or a class of talent.
TRACKS: dict[str, tuple[str, ...]] = dict(
    sorted({**{code: track.words for code, track in resources.tracks().items()}, **NO_CERTIFICATE}.items())
)

TRACK_CHOICES = tuple(words[0] for words in TRACKS.values())

#: Words beside those of `core.titles`; 高级 and 初级 alone name two levels each and are refused there.
LEVEL_SYNONYMS: dict[str, str] = {"初级(助理级)": "助理级", "初级(员级)": "员级"}

PASSED_WORDS: dict[str, bool] = {
    "通过": True, "评审通过": True, "同意": True, "不通过": False, "未通过": False, "评审未通过": False,
}  # fmt: skip
#: What a ban's first day may be instead of a day: there is none, or (which is not enough) there is one.
NO_BAN_WORDS = frozenset({"无", "否", "没有", "无记录"})
SOME_BAN_WORDS = frozenset({"有", "是"})
#: What a present title may be instead of a title: there is none. A dash says nothing, as an empty cell does.
NO_TITLE_WORDS = frozenset({"无", "无职称", "没有", "未取得"})
#: What a degree and a skill certificate count, so that facts compare numbers; 出站博士后 is no degree but goes further.
DEGREE_RANKS = {
    "学士": 1, "学士学位": 1, "硕士": 2, "硕士学位": 2, "博士": 3, "博士学位": 3, "博士后": 4, "出站博士后": 4, "博士后出站": 4,
}  # fmt: skip
#: 人社部发〔2022〕14号: 五级工 1 … 一级工 5, above them 特级技师.
SKILL_RANKS = {
    "高级工": 3, "三级": 3, "三级/高级工": 3, "技师": 4, "二级": 4, "二级/技师": 4,
    "高级技师": 5, "一级": 5, "一级/高级技师": 5, "特级技师": 6,
}  # fmt: skip
SEX_WORDS: dict[str, str] = {"男": "M", "女": "F", "男性": "M", "女性": "F", "m": "M", "f": "F", "1": "M", "2": "F"}

SAMPLE_REMARK = "示例行,请删除"
PASSED = ("通过", "不通过")

#: The columns of 6.1, and a few more that procedures and certificates ask for.
COLUMNS: tuple[Column, ...] = (
    Column("serial", "序号", "text", "1", ("序列号",)),
    Column("year", "评审年度", "year", "2022", ("年度", "申报年度", "取得年度"), required=True),
    Column("batch", "批次", "text", "示例批次", ("评审批次",)),
    Column("name", "姓名", "name", "张示例", ("姓 名", "申报人", "申报人姓名"), required=True),
    Column("former_name", "曾用名", "name", "", ("原名",)),
    Column("sex", "性别", "sex", "男", (), choices=("男", "女")),
    Column("id_kind", "证件类型", "id_kind", "居民身份证", ("证件种类", "证件类别"), choices=ID_KINDS),
    Column("id_number", "证件号码", "id", "220000198506150012", ("身份证号", "身份证号码", "证件号"), True),
    Column("birth", "出生年月", "date", "1985-06-15", ("出生日期", "出生年月日", "生日")),
    Column("phone", "手机号", "digits", "13000000000", ("手机", "手机号码", "联系电话", "电话")),
    Column("unit_name", "工作单位", "unit", "示例研究所", ("单位", "单位名称", "所在单位", "工作单位名称"), True),
    Column("unit_code", "统一社会信用代码", "uscc", "112200009999999985", ("信用代码", "单位代码")),
    Column("unit_kind", "单位性质", "text", "事业单位", ("单位类型", "单位类别")),
    Column("region", "所在地(区划)", "region", "长春市", ("所在地", "区划", "所属地区", "地区", "行政区划"), True),
    Column("education", "最高学历", "text", "大学本科", ("学历",)),
    Column("degree", "学位", "text", "学士", ("最高学位",)),
    Column("current_title", "现职称", "text", "工程师", ("现任职称", "现专业技术资格", "现职称名称")),
    Column("current_since", "现职称取得时间", "date", "2017-09", ("现任职称取得时间", "现职称时间")),
    Column("series", "申报系列", "series", "工程技术人员", ("系列", "职称系列"), required=True),
    Column("specialty", "申报专业", "text", "机械", ("专业", "职称专业", "专业名称")),
    Column("level", "申报级别", "level", "副高级", ("级别", "职称级别", "申报层级", "资格级别"), required=True),
    Column("title", "资格名称", "text", "高级工程师", ("职称名称", "职称", "申报职称"), required=True),
    Column("method", "申报方式", "text", "正常", (), choices=("正常", "破格", "绿色通道", "转评", "认定")),
    Column("track", "取得方式", "track", "评审", ("评审方式",), True, choices=TRACK_CHOICES),
    Column("committee", "评委会名称", "text", "示例评委会", ("评审委员会", "评委会", "评审委员会名称")),
    Column("committee_filing", "评委会备案号", "text", "示例备〔2022〕1号", ("备案号",)),
    Column("meeting_date", "评审日期", "date", "2022-09-03", ("评审会日期", "评审时间", "评审会议日期")),
    Column("members", "应到", "count", "25", ("应到人数", "委员人数")),
    Column("present", "实到", "count", "21", ("实到人数", "出席人数")),
    Column("yes", "同意", "count", "18", ("同意票", "同意票数", "赞成")),
    Column("no", "反对", "count", "2", ("反对票", "反对票数", "不同意", "不同意票")),
    Column("abstain", "弃权", "count", "1", ("弃权票", "弃权票数")),
    Column("passed", "评审结果", "passed", "通过", ("结果", "评委会结果"), required=True, choices=PASSED),
    Column("notice_from", "公示起", "date", "2022-09-05", ("公示开始", "公示开始日期", "公示起始日期")),
    Column("notice_to", "公示止", "date", "2022-09-13", ("公示结束", "公示结束日期", "公示截止日期")),
    Column("notice_result", "公示结果", "text", "无异议"),
    Column("approval_document", "核准(备案)文号", "text", "示例函〔2022〕1号", ("核准文号", "备案文号", "文号")),
    Column("approval_date", "核准日期", "date", "2022-09-30", ("批准日期", "备案日期", "核准(备案)日期", "核准时间")),
    Column("award_date", "取得时间", "date", "2022-09-30", ("资格取得时间", "取得日期", "职称取得时间")),
    Column("original_cert_no", "原证书编号", "text", "", ("证书编号", "原证书号", "证书号")),
    Column("issuer_name", "发证机关", "text", "示例发证机关", ("发证单位", "颁发机关")),
    Column("professional_hours", "专业科目学时", "hours", "60", ("专业课学时", "继续教育专业科目学时")),
    Column("public_hours", "公需科目学时", "hours", "30", ("公需课学时", "继续教育公需科目学时")),
    Column("ban", "诚信限制", "ban", "无", ("失信记录", "失信限制", "诚信限制起始日", "限制申报起始日")),
    Column("ban_until", "诚信限制截止日", "ban_end", "", ("失信限制截止日", "限制申报截止日", "诚信限制期限")),
    Column("education_check", "继续教育审核", "text", "", ("继续教育",), template=False),
    Column("service_years", "基层工作年限", "count", "", ("基层(从教)年限", "从教年限", "服务年限")),
    Column("level_years", "现职称聘任年限", "count", "", ("现职称年限", "聘任年限")),
    Column("appraisals", "考核合格年数", "count", "", ("年度考核合格年数", "考核合格次数")),
    Column("contract_years", "合同年限", "count", "", ("服务协议年限", "聘用合同年限")),
    Column("probation_months", "见习期满月数", "count", "", ("试用期满月数", "见习(试用)月数")),
    Column("evidence_items", "专项材料件数", "count", "", ("专项材料", "证明材料件数")),
    Column("skill", "技能等级", "text", "", ("职业技能等级", "技能证书等级"), choices=("高级工", "技师", "高级技师", "特级技师")),
    Column("occupation", "新职业", "text", "", ("新职业名称", "新业态职业")),
    Column("posts", "核定岗位数", "count", "", ("岗位数", "核准岗位数")),
    Column("validity_scope", "适用范围", "text", "", ("使用范围",)),
    Column("term_until", "有效期至", "term", "", ("使用期限至", "期限至")),
    Column("policy", "政策依据", "text", "", ("政策文件",)),
    Column("remark", "备注", "text", SAMPLE_REMARK, ("说明",)),
)  # fmt: skip

BY_KEY: dict[str, Column] = {column.key: column for column in COLUMNS}
KEY_COLUMNS = frozenset({"name", "id_number", "original_cert_no"})


def fold(text: str) -> str:
    """`text` as headers and words are compared: half width, without white space, brackets' width and case."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def says_no_title(cell: str) -> bool:
    """Whether a cell of 现职称 says that there is none."""
    return fold(cell) in NO_TITLE_WORDS


def _header_index() -> dict[str, str]:
    index: dict[str, str] = {}
    for column in COLUMNS:
        for word in (column.zh, *column.synonyms):
            index[fold(word)] = column.key
    return index


HEADERS = _header_index()


def track_index(tracks: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Folded word or code -> track. Raises Malformed(track_words) for a word that means two of them."""
    index: dict[str, str] = {}
    for code, words in tracks.items():
        for word in {fold(word) for word in (code, *words)}:
            if word in index:
                zh, en = f"“{word}”同指 {index[word]} 与 {code}", f"{word} means both {index[word]} and {code}."
                raise Malformed("track_words", zh, en)
            index[word] = code
    return index


TRACK_WORDS = track_index(TRACKS)


def find_column(header: str) -> str | None:
    """The key of the column that `header` names, or None. Notes in brackets and stars of duty are looked over."""
    folded = fold(header).strip("*:")
    return HEADERS.get(folded) or HEADERS.get(re.sub(r"\([^)]*\)$", "", folded))
