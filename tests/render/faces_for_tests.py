"""Invented faces for the tests of render/: one ordinary, one with everything as long and rare as it gets."""

from dataclasses import replace
from datetime import date

from certsvc.render.face import Face

HOST = "http://127.0.0.1:8787"

ORDINARY = Face(
    name_zh="吉林省专业技术资格证书",
    name_en="Professional Qualification Certificate of Jilin Province",
    number="22202200000520001238",
    licence_id="1.2.156.3005.2.11100000000013338W011.11220000000000000X.22202200000520001238.001.A",
    version=1,
    holder="林示例",
    sex="F",
    birth="1986-03",
    series="工程技术",
    specialty="建筑结构设计",
    title_zh="高级工程师",
    title_en="Senior Engineer",
    level_zh="副高级",
    level_en="deputy senior",
    track="评审",
    committee="示例省工程系列建筑专业高级职称评审委员会",
    approval_org="示例省人力资源和社会保障厅",
    approval_document="示人社职字〔2026〕17号",
    award_date=date(2026, 9, 18),
    issuer_zh="示例省人力资源和社会保障厅",
    issuer_en="Department of Human Resources and Social Security (Sample)",
    issue_date=date(2026, 11, 20),
    validity_scope=None,
    term_until=None,
    code="7K9Q2MX4TD8F3WAE",
    verify_url=f"{HOST}/v/7K9Q2MX4TD8F3WAE",
    official_host="127.0.0.1:8787",
    photo_jpeg=None,
    seal_text="示例省人力资源和社会保障厅\n职称证书专用章",
    demo=False,
)

LONG = replace(
    ORDINARY,
    holder="阿卜杜热合曼·艾尼瓦尔江·麦麦提图尔荪·古丽巴哈尔·阿依努尔罕·阿卜杜外力江·买买提明𬱖㛃䶮",
    specialty="机械设计制造及其自动化与智能装备系统集成（含农业机械化及畜禽养殖设施装备方向）",
    title_zh="正高级工程师（教授级，智能装备系统集成与农业机械化工程方向，原教授级高级工程师）",
    title_en="Professor-level Senior Engineer in Intelligent Equipment Integration and Farm Mechanisation Engineering",
    level_zh="正高级",
    level_en="senior",
    committee="示例省工程技术系列机械电子与智能制造装备专业正高级专业技术职务任职资格评审委员会（示例市国家级高新技术产业开发区自主评审分委员会第三执行评审组）",
    approval_org="示例省人力资源和社会保障厅、示例省工业和信息化厅、示例省农业农村厅联合批准",
    approval_document="示人社职字〔2026〕第100017号、示工信人字〔2026〕第233号（联合印发）",
    issuer_zh="示例省长白山保护开发区管理委员会人力资源和社会保障局（示例）",
    issuer_en="Human Resources and Social Security Bureau of Changbai Mountain Protection and Development Zone (Demo)",
    validity_scope="限在示例省县及县以下基层单位有效，调离基层后按规定重新评审或确认",
    term_until=date(2027, 12, 31),
    verify_url="https://certificates.hrss.jilin.example.gov.cn/v/7K9Q2MX4TD8F3WAE",
    official_host="certificates.hrss.jilin.example.gov.cn",
    seal_text="示例省长白山保护开发区管理委员会人力资源和社会保障局\n职称证书专用章（示例）",
    track="自主评审",
)
