"""The faults of a roster file, one row each: code, what happens then, and the sentence for people (domain.md 6.2).

`stop` keeps the file out until the cell is corrected, `decide` waits for a named officer, `fixed` was put right and is
noted. Codes are never renumbered. `{c}` is the column, `{d}` the detail.
"""

from collections import Counter
from dataclasses import dataclass, field

STOP, DECIDE, FIXED = "stop", "decide", "fixed"


@dataclass(frozen=True)
class Rule:
    """What happens when a fault is met, and how it is told."""

    code: str
    action: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class RowFault:
    """One finding in one cell, row or sheet; `row` is the number that the spreadsheet shows, 0 for a whole sheet."""

    row: int
    sheet: str
    column: str
    """The header as we write it, or an empty string."""
    code: str
    action: str
    zh: str
    en: str
    raw: str
    """The cell as it was."""
    value: str
    """What we read instead; empty when nothing could be read."""


_TABLE: tuple[tuple[str, str, str, str], ...] = (
    # The file and its sheets
    ("column_missing", STOP, "缺少必填列“{c}”", "The required column {c} is missing."),
    ("column_twice", STOP, "列“{c}”出现两次", "The column {c} stands twice."),
    ("column_unknown", FIXED, "不认识的列“{d}”,未导入", "The column {d} is not known and was left out."),
    ("sample_row", DECIDE, "模板的示例行仍在", "This is still the sample row of the template."),
    ("no_rows", STOP, "没有找到表头或数据行", "No header with rows was found."),
    ("sheet_hidden", DECIDE, "工作表已隐藏,未导入", "The sheet is hidden and was left out."),
    ("sheet_without_header", DECIDE, "工作表前 4 行没有表头,未导入", "No header in rows 1-4; the sheet was left out."),
    ("hidden_rows", FIXED, "含隐藏行,已照常读取:{d}", "Hidden rows were read like the others: {d}."),
    ("hidden_columns", FIXED, "含隐藏列,已照常读取:{d}", "Hidden columns were read like the others: {d}."),
    ("footer_skipped", FIXED, "合计、落款行,未作为人员读取", "A totals or seal line was not read as a person."),
    ("total_mismatch", STOP, "合计人数与实际行数不符:{d}", "The total does not equal the rows read: {d}."),
    ("csv_gb18030", FIXED, "文件编码为 GBK/GB18030,已转换", "The file was in GBK or GB18030 and was converted."),
    ("faults_truncated", STOP, "问题过多,其余 {d} 条未列出", "Too many faults; {d} more are not listed."),
    # Any cell
    ("required_missing", STOP, "“{c}”不能为空", "{c} must not be empty."),
    ("trimmed", FIXED, "去除多余空格或前导撇号", "Spare spaces or a leading apostrophe were removed."),
    ("width_folded", FIXED, "全角字符改为半角", "Full-width characters were made half-width."),
    ("case_folded", FIXED, "小写字母改为大写", "Lower-case letters were made upper-case."),
    ("merged_filled", FIXED, "合并单元格,按首格填充", "A merged cell was filled from its first cell."),
    ("ditto_filled", FIXED, "“同上”按上一行填充", "A ditto mark was filled from the row above."),
    ("ditto_in_key", STOP, "“{c}”不能用“同上”或合并单元格", "{c} must not be a ditto mark or a merged cell."),
    ("cell_error", STOP, "单元格为错误值或不能识别的类型", "The cell holds an error or an unusable type."),
    ("csv_formula", STOP, "单元格以“=”开头,像公式", "The cell begins with = and looks like a formula."),
    ("cell_too_long", STOP, "超过 200 个字符", "The cell has more than 200 characters."),
    ("control_character", STOP, "含不可见的控制字符:{d}", "The cell holds an invisible control character: {d}."),
    # Identity
    ("EXCEL_PRECISION_LOSS", STOP, "号码按数字存储,末几位已丢失或可能丢失;请以文本重新录入,不能推算",
     "The number was stored as a number and its last digits are or may be lost; enter it again as text."),
    ("id_ends_000", DECIDE, "号码末三位为 000,请核对是否被表格软件截断",
     "The number ends in 000; check that nothing was lost."),
    ("id_kind", STOP, "证件类型与号码不符:{d}", "The document kind is wrong: {d}"),
    ("id_form", STOP, "证件号码格式不符:{d}", "The form of the number is wrong: {d}"),
    ("id_check_digit", STOP, "证件号码校验位不符:{d}", "The check character of the number is wrong: {d}"),
    ("id_birth_date", STOP, "证件号码中的日期不存在:{d}", "The date inside the number is impossible: {d}"),
    ("id_century", STOP, "15 位号码不能推定世纪:{d}", "The century of a 15-digit number is not certain: {d}"),
    ("id_kind_inferred", FIXED, "未填证件类型,按号码定为{d}", "No document kind; taken from the number: {d}."),
    ("id_15_converted", FIXED, "15 位号码已转为 18 位,原号保留", "A 15-digit number became 18 digits; both are kept."),
    ("sex_unknown", STOP, "性别应为“男”或“女”", "Sex must be 男 or 女."),
    ("sex_missing", STOP, "证件号码不含性别,须填写", "The number does not tell the sex; it must be given."),
    ("sex_conflicts_id", STOP, "性别与证件号码不符", "Sex does not agree with the identity number."),
    ("birth_missing", STOP, "证件号码不含出生日期,须填写到日",
     "The number does not tell the birth date; give it to the day."),
    ("birth_conflicts_id", STOP, "出生年月与证件号码不符", "The birth date does not agree with the identity number."),
    ("name_character", STOP, "{d}", "{d}"),
    ("name_length", STOP, "{d}", "{d}"),
    ("name_dot_folded", FIXED, "间隔号改为“·”", "The dot of the name was made U+00B7."),
    ("name_space", DECIDE, "姓名中含空格,建议去除", "The name holds spaces; without them is suggested."),
    ("name_undrawable", DECIDE, "字体中没有该字,请核对原件并登记生僻字:{d}",
     "The fonts lack a character of the name: {d}."),
    # Words
    ("series_unknown", STOP, "申报系列不在目录中", "The series is not in the catalogue."),
    ("level_unknown", STOP, "级别不能识别:{d}", "The level is not known: {d}"),
    ("level_ambiguous", STOP, "级别不明确:{d}", "The level is not clear: {d}"),
    ("title_not_in_series", STOP, "资格名称不属于该系列:{d}", "The title does not belong to the series: {d}."),
    ("title_level_differs", STOP, "资格名称与级别不一致,目录为{d}", "The title is of another level: {d}."),
    ("title_legacy", DECIDE, "资格名称为旧名,现为“{d}”;证书照印原名",
     "A legacy title, today {d}; the awarded name is printed."),
    ("current_title_missing", STOP,
     "须写明现职称:没有职称的写“无”,空格、横线不算;文件没有此列的,请增加列“现职称”",
     "Say which title is held now: 无 where there is none, not a blank or a dash; a file without it gets the column 现职称."),
    ("current_title_unknown", STOP,
     "看不出现职称的级别;请照目录写全称(只写最高的一个),或在后面用括号注明级别,例如“高工(副高级)”;没有职称的写“无”",
     "The level of the present title is not clear; write the name of the catalogue, the highest alone, or the level behind it: "
     "高工(副高级); 无 where there is none."),
    ("level_skipped", DECIDE, "越级:现职称为{d}", "A level is skipped; the current one is {d}."),
    ("level_not_higher", DECIDE, "不高于现职称级别:{d}", "Not higher than the current level: {d}."),
    ("track_unknown", STOP, "取得方式不能识别", "The track is not known."),
    ("region_unknown", STOP, "所在地不在区划表中,或不明确", "The region is not in the table, or not clear."),
    ("region_old_code", DECIDE, "区划代码已撤销,现为 {d}", "The division code was abolished; now {d}."),
    ("region_without_office", DECIDE,
     "此取得方式由县、市推荐,而省本级没有县、市;请写本人所在的县(市、区)或市州。"
     "确属省本级的,须先有机构获全省范围的市级(city)授权,否则推荐环节办不下去",
     "By this way county or city recommends, and the province itself is under neither; write the county or city. Where it is "
     "right, some office needs a grant of the role city over 220000 first, or the roster stops at that step."),
    ("flag_unknown", STOP, "“{c}”的取值不能识别", "{c} holds a word that is not known."),
    ("skill_unknown", STOP, "技能等级不能识别;可用:高级工、技师、高级技师、特级技师",
     "The skill level is not known; use 高级工, 技师, 高级技师 or 特级技师."),
    ("hours_form", STOP, "应为整数学时,例如 60", "Whole hours are needed, 60 for example."),
    ("hours_too_many", STOP, "一年不会有 {d} 学时,请核对", "A year has no {d} hours; check them."),
    ("hours_missing", STOP, "2023 年度起须填继续教育学时,写“合格”不算;请增加列并填写:{d}",
     "From 2023 on hours of continuing education are needed, a word does not count; add and fill in the columns {d}."),
    ("ban_missing", STOP, "须写明有无诚信限制;请增加列“诚信限制”:没有的写“无”,有的写起始日,并填“诚信限制截止日”",
     "Say whether there is a ban: add the column 诚信限制 with 无 or its first day, and 诚信限制截止日 with its last."),
    ("ban_without_day", STOP, "须写明限制从哪天起(本列)、到哪天止(“诚信限制截止日”,也可写年数,如 3年;未定的留空)",
     "Write the first day of the ban here, and in 诚信限制截止日 its last day or its years (3年); none if undecided."),
    ("ban_form", STOP, "没有限制的写“无”;有限制的写起始日,例如 2024-03-17", "Write 无, or the first day: 2024-03-17."),
    ("ban_end_form", STOP, "写截止日或年数,例如 2027-03-16 或 3年;未定的留空",
     "Write the last day or the years, 2027-03-16 or 3年; leave it empty if none is decided."),
    ("ban_contradicted", STOP, "填了诚信限制截止日,“诚信限制”列却没有起始日",
     "A last day of a ban, but no first day in 诚信限制."),
    ("uscc_wrong", DECIDE, "统一社会信用代码不符:{d}", "The unified social credit code is wrong: {d}"),
    ("unit_variant", DECIDE, "同一单位写法不同:{d}", "The same unit is written in another way: {d}."),
    # Dates and numbers
    ("date_form", STOP, "日期不能识别", "The date cannot be read."),
    ("date_impossible", STOP, "日期不存在", "There is no such day."),
    ("date_rewritten", FIXED, "日期写法已统一", "The date was rewritten."),
    ("date_serial", FIXED, "表格序列号已转为日期({d} 日期系统)", "A serial number became a date ({d} date system)."),
    ("date_imprecise", FIXED, "日期只到{d},按原精度保存", "The date is known to the {d} only and kept so."),
    ("date_two_digit_year", DECIDE, "年份只有两位", "The year has two digits only."),
    ("date_decimal", DECIDE, "按小数存储的年月,.1 可能是 1 月或 10 月",
     "A decimal number; .1 may be January or October."),
    ("date_future", STOP, "日期晚于今天", "The date lies in the future."),
    ("date_order", STOP, "日期先后颠倒:{d}", "Dates are out of order: {d}."),
    ("award_after_approval", DECIDE, "取得时间晚于核准日期", "The award is later than its approval."),
    ("award_before_16", STOP, "取得时不满 16 周岁", "The person was under 16 at the award."),
    ("service_beyond_age", DECIDE, "工作年限多于年满 16 周岁后的年数:{d}", "More years of service than since the age of 16: {d}."),
    ("level_years_beyond", DECIDE, "聘任年限多于取得现职称后的年数:{d}",
     "More years at the current title than since it was obtained: {d}."),
    ("year_form", STOP, "年度应为四位年份", "The year must have four digits."),
    ("year_future", STOP, "年度晚于今年", "The year lies in the future."),
    ("year_differs", DECIDE, "评审年度与取得时间相差过大", "The year and the award date lie far apart."),
    ("number_form", STOP, "应为非负整数", "A whole number is needed."),
    ("phone_form", FIXED, "手机号不是 11 位数字,照原样保存", "The phone number is not 11 digits; kept as it is."),
    ("votes_members", STOP, "实到人数多于应到人数", "More members present than there are."),
    ("votes_sum", STOP, "同意、反对、弃权之和不等于实到", "Yes, no and abstain do not add up to those present."),
    ("votes_incomplete", DECIDE, "表决数不全:{d}", "Some numbers of the vote are missing: {d}."),
    ("quorum_short", DECIDE, "实到不足应到的三分之二", "Fewer than two thirds of the members were present."),
    ("yes_short", DECIDE, "结果为通过,但同意票不足实到的三分之二",
     "Passed with less than two thirds of those present."),
    ("notice_short", DECIDE, "公示不足 5 天", "The notice lasted less than 5 days."),
    # Several rows
    ("duplicate_row", STOP, "同一人同一职称重复:{d}", "The same person and title again: {d}."),
    ("person_twice", DECIDE, "同一人申报两项:{d}", "The same person with two titles: {d}."),
    ("round_exclusion", DECIDE, "单独评定与同年其他取得方式互斥,须由经办人核定:{d}",
     "A separate assessment and another award of the same year exclude each other: {d}."),
    ("id_two_people", STOP, "同一证件号码对应不同姓名:{d}", "One identity number with two names: {d}."),
    ("cert_no_shared", STOP, "原证书编号与他人相同:{d}", "Two people with one certificate number: {d}."),
    ("same_name_and_birth", DECIDE, "与另一行姓名、出生日期、性别、单位相同而证件不同:{d}",
     "Name, birth, sex and unit equal another row's, but not the document: {d}."),
)  # fmt: skip

RULES: dict[str, Rule] = {code: Rule(code, action, zh, en) for code, action, zh, en in _TABLE}
#: How many of each kind are kept one by one, so that a wholly wrong file of 100,000 rows costs no memory.
KEPT = {STOP: 10_000, DECIDE: 20_000, FIXED: 20_000}


@dataclass
class FaultLog:
    """Collects faults with a ceiling for each action; `counts` knows all of them."""

    faults: list[RowFault] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    _kept: Counter[str] = field(default_factory=Counter)

    def add(
        self, code: str, sheet: str, row: int, column: str = "", raw: object = "", value: object = "", detail: str = ""
    ) -> None:
        """Notes one fault. Raises KeyError for a code that has no rule."""
        rule = RULES[code]
        self.counts[code] += 1
        if self._kept[rule.action] >= KEPT[rule.action]:
            return
        self._kept[rule.action] += 1
        zh_detail, _, en_detail = detail.partition("\t")
        zh = rule.zh.format(c=column, d=zh_detail)
        en = rule.en.format(c=column, d=en_detail or zh_detail)
        shown = (show(raw), show(value))
        self.faults.append(RowFault(row, sheet, column, code, rule.action, zh, en, *shown))

    @property
    def stopped(self) -> bool:
        return any(RULES[code].action == STOP for code in self.counts)

    def close(self) -> None:
        """Adds one last line for the faults that were not kept; notes of what was put right may be dropped."""
        lost = sum(n for code, n in self.counts.items() if RULES[code].action != FIXED)
        lost -= self._kept[STOP] + self._kept[DECIDE]
        if lost > 0:
            self._kept[STOP] = 0
            self.add("faults_truncated", "", 0, detail=str(lost))


def show(value: object) -> str:
    """`value` as a report shows it: at most 80 characters, whole numbers without a fraction."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)[:80]
