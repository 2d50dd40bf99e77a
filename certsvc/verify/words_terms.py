"""Words for machine values, in Chinese, English and Korean: acts, roles, levels, families, checks, fields."""

#: (zh, en, ko). Chinese is the wording of the documents; the others explain it.
Words = tuple[str, str, str]
LANGUAGES = ("zh", "en", "ko")

ACTS: dict[str, Words] = {
    "unit_notice": ("单位审核、公示", "Employer's review and notice", "소속기관 심사·공시"),
    "recommend": ("逐级审核推荐", "Recommendation", "단계별 심사·추천"),
    "accept": ("评委会受理、资格审核", "Acceptance and eligibility check", "평가위원회 접수·자격심사"),
    "draw": ("抽取专家、回避", "Drawing of experts", "전문가 추첨·기피"),
    "evaluate": ("评议、表决", "Evaluation and vote", "심의·표결"),
    "result_notice": ("评审结果公示", "Public notice of results", "심사 결과 공시"),
    "settle_objections": ("异议核查", "Settling of objections", "이의 조사"),
    "approve": ("核准", "Approval", "승인"),
    "file": ("备案", "Filing", "신고 등록"),
    "issue": ("制证签章", "Issue of the certificate", "증서 발급·날인"),
    "suspend": ("暂停使用", "Suspension", "효력 정지"),
    "reinstate": ("恢复使用", "Reinstatement", "효력 회복"),
    "revoke": ("撤销", "Revocation", "취소"),
    "withdraw": ("注销", "Withdrawal", "말소"),
    "correct": ("更正换发", "Correction", "정정 재발급"),
    "archive_import": ("历史数据入库", "Import of an archived title", "과거 자료 등록"),
    "issued": ("签发", "Issued", "발급"),
}
ROLES: dict[str, Words] = {
    "unit": ("用人单位", "employer", "소속기관"),
    "county": ("县(市、区)人社部门", "county HR office", "현(시·구) 인사부서"),
    "city": ("市(州)人社部门", "city HR office", "시(주) 인사부서"),
    "department": ("主管部门", "department in charge", "주관 부서"),
    "committee_office": ("评委会办事机构", "committee office", "평가위원회 사무국"),
    "committee": ("评审委员会", "review committee", "평가위원회"),
    "organiser": ("评审组织单位", "organiser of the review", "심사 주관기관"),
    "supervisor": ("监督部门", "supervising authority", "감독 부서"),
    "hrss": ("人社部门", "HR authority", "인사부서"),
    "issuer": ("发证机关", "issuing authority", "발급기관"),
}
LEVELS: dict[str, Words] = {
    "senior": ("正高级", "senior", "정고급"),
    "deputy_senior": ("副高级", "deputy senior", "부고급"),
    "intermediate": ("中级", "intermediate", "중급"),
    "assistant": ("助理级", "assistant", "조리급"),
    "junior": ("员级", "junior", "원급"),
}
FAMILIES: dict[str, Words] = {
    "integrity": ("电子签名", "Signatures", "전자서명"),
    "chain": ("密钥归属", "Whose keys", "키의 소유자"),
    "authority": ("授权", "Authority", "권한"),
    "procedure": ("程序", "Procedure", "절차"),
    "log": ("公开日志", "Public log", "공개 로그"),
    "status": ("状态", "Status", "상태"),
    "register": ("人才库", "Register", "인재 등록부"),
    "document": ("文件", "File", "파일"),
}
OUTCOMES: dict[str, Words] = {
    "pass": ("通过", "passed", "통과"),
    "fail": ("不通过", "failed", "불통과"),
    "unknown": ("未能查清", "could not be checked", "확인 불가"),
    "not_applicable": ("不适用", "not applicable", "해당 없음"),
    "not_run": ("未查", "not run", "미실시"),
}
CHECKS: dict[str, Words] = {
    "credential_signature": ("本证的签名属实", "The certificate's own signature holds", "증서 서명이 진본임"),
    "act_signatures": ("环节文件的签名属实", "The signatures of the act hold", "단계 문서의 서명이 진본임"),
    "authority_signatures": (
        "授权、程序文件的签名属实",
        "Grants and procedure are signed",
        "권한·절차 문서의 서명이 진본임",
    ),
    "lifecycle_signatures": (
        "状态变更、更正文件的签名属实",
        "The signatures of status acts hold",
        "상태 변경·정정 문서의 서명이 진본임",
    ),
    "status_signature": ("状态表的签名属实", "The status list is signed", "상태표 서명이 진본임"),
    "nothing_unused": ("没有夹带无关材料", "Nothing foreign is carried along", "무관한 자료가 없음"),
    "keys_certified": ("每把密钥可追溯到省厅根证书", "Every key leads up to the root", "모든 키가 루트로 이어짐"),
    "issuer_certified": (
        "签证密钥可追溯到省厅根证书",
        "The key of the certificate leads up to the root",
        "증서 키가 루트로 이어짐",
    ),
    "own_keys_certified": (
        "状态变更、状态表的密钥可追溯到省厅根证书",
        "The keys of status acts and list lead up to the root",
        "상태 변경·상태표의 키가 루트로 이어짐",
    ),
    "signed_and_sealed": (
        "有经办人签字和机构盖章",
        "Signed by the officer and sealed by the office",
        "담당자 서명과 기관 날인이 있음",
    ),
    "lifecycle_signed_and_sealed": (
        "状态变更有签字和盖章",
        "Status acts are signed and sealed",
        "상태 변경에 서명과 날인이 있음",
    ),
    "keys_at_home": (
        "签名密钥出自所持的根证书",
        "The keys that signed lead to a root that is held",
        "서명 키가 보유한 루트로 이어짐",
    ),
    "one_root": ("所有密钥属于同一根证书", "All keys stand under one root", "모든 키가 하나의 루트에 속함"),
    "issuer_named": ("所写发证机关就是签名者", "The issuer named is the one who signed", "기재된 발급기관이 서명자임"),
    "trust_current": ("信任清单在有效期内", "The trust list is current", "신뢰 목록이 유효함"),
    "keys_in_service": ("密钥未停用、未失密", "No key was ended or in other hands", "키가 종료·유출되지 않음"),
    "issuer_key_in_service": (
        "签证密钥未停用、未失密",
        "The key of the certificate was in service",
        "증서 키가 종료·유출되지 않음",
    ),
    "own_keys_in_service": (
        "状态变更、状态表的密钥未停用、未失密",
        "The keys of status acts and list were in service",
        "상태 변경·상태표의 키가 종료·유출되지 않음",
    ),
    "grants_nest": ("授权逐级下达,未超范围", "Each grant stays within the one above", "권한이 상위 범위 안에 있음"),
    "acts_granted": ("每个环节均在授权范围内", "Each act lies within a grant", "모든 단계가 권한 범위 안에 있음"),
    "certificate_granted": ("发证机关有权发此证", "The issuer may issue this title", "발급기관에 발급 권한이 있음"),
    "lifecycle_granted": ("状态变更由有权机关作出", "Status acts lie within a grant", "상태 변경 권한이 있음"),
    "status_key_granted": ("状态表由发证机关发布", "The status list is the issuer's", "상태표가 발급기관의 것임"),
    "procedure_in_force": ("适用当时有效的程序", "The procedure then in force was used", "당시 유효한 절차를 적용함"),
    "one_procedure": ("各环节依据同一套程序", "Every act follows the same procedure", "모든 단계가 같은 절차를 따름"),
    "entry_on_every_roster": ("本人在每一环节的名单上", "The person is on every roster", "모든 단계 명단에 있음"),
    "acts_linked": ("各环节首尾相接", "Each act names the one before", "단계가 서로 이어짐"),
    "acts_complete": ("规定的环节都已办理", "Every act that is required was done", "규정된 단계가 모두 처리됨"),
    "nothing_beyond": ("没有程序以外的环节", "No act stands outside the procedure", "절차 밖의 단계가 없음"),
    "head_named": (
        "证书接在最后一个环节之后",
        "The certificate follows on the last act",
        "증서가 마지막 단계에 이어짐",
    ),
    "enough_signers": ("签字人数足够且不重复", "Enough different officers signed", "서명 인원이 충분함"),
    "meeting_facts": (
        "会议人数、比例等符合规定",
        "Quorum and ratios of the meeting are lawful",
        "회의 정족수·비율이 규정에 맞음",
    ),
    "person_facts": (
        "本人的票数、资历等符合规定",
        "Votes and service of the person are lawful",
        "본인의 득표·경력이 규정에 맞음",
    ),
    "notices_long_enough": ("公示天数足够", "Public notices were long enough", "공시 기간이 충분함"),
    "powers_separated": ("应分开的职权已分开", "Separated powers stayed apart", "권한 분리가 지켜짐"),
    "documents_dated": ("文件日期合理", "Documents are dated rightly", "문서 날짜가 타당함"),
    "acts_quoted": (
        "证书引用的日期、文号与环节一致",
        "Dates and papers quoted are those of the acts",
        "인용된 날짜·문서가 단계와 일치함",
    ),
    "dates_agree": (
        "证书中的日期与机关前后一致",
        "The days and the issuer in the certificate agree with each other",
        "증서 안의 날짜와 발급기관이 서로 일치함",
    ),
    "certificate_matches_entry": (
        "证书内容与评审结果一致",
        "The certificate says what was decided",
        "증서와 심사 결과가 일치함",
    ),
    "versions_linked": (
        "各版次之间都有更正记录",
        "A correction lies between any two versions",
        "판 사이마다 정정 기록이 있음",
    ),
    "corrections_linked": ("更正有据、前后相接", "Corrections are lawful and linked", "정정이 적법하게 이어짐"),
    "corrections_decided": (
        "更正的提议与批准不是同一人,内容一致",
        "Another person decided the correction as it was proposed",
        "정정의 제안자와 결정자가 다르고 내용이 같음",
    ),
    "printed_as_decided": (
        "证书所印的编号、证照标识和职称名称与所评职称相符",
        "Number, licence identifier and names printed are those of the title",
        "인쇄된 번호·식별자·직함 이름이 해당 직함과 일치함",
    ),
    "events_decided": (
        "状态变更的提议与批准不是同一人,内容一致",
        "Another person decided the status act as it was proposed",
        "상태 변경의 제안자와 결정자가 다르고 내용이 같음",
    ),
    "events_lawful": ("状态变更依规作出", "Status acts are lawful", "상태 변경이 적법함"),
    "grants_logged": ("授权已登入公开日志", "The grant is in the public log", "권한이 공개 로그에 있음"),
    "acts_logged": ("环节已登入公开日志", "The act is in the public log", "단계가 공개 로그에 있음"),
    "log_order": ("各环节按先后登入日志", "Acts were logged in their order", "단계가 순서대로 기록됨"),
    "grant_times_fit": ("授权日期与日志时间相符", "The grant's date fits the log", "권한 날짜가 로그와 맞음"),
    "act_times_fit": ("环节日期与日志时间相符", "The act's date fits the log", "단계 날짜가 로그와 맞음"),
    "certificate_logged": ("证书已登入公开日志", "The certificate is in the public log", "증서가 공개 로그에 있음"),
    "certificate_time_fits": (
        "证书在最后环节之后登入日志,日期相符",
        "The certificate was logged after the last act, when it says",
        "증서가 마지막 단계 뒤에 기록되고 날짜가 맞음",
    ),
    "decisions_logged": (
        "状态变更已登入公开日志",
        "The status act is in the public log",
        "상태 변경이 공개 로그에 있음",
    ),
    "lists_logged": ("状态表已登入公开日志", "The status list is in the public log", "상태표가 공개 로그에 있음"),
    "lists_follow_log": ("状态表与日志同步", "The status list follows the log", "상태표가 로그를 따름"),
    "one_log": ("各检查点属于同一日志", "All checkpoints are of one log", "체크포인트가 모두 한 로그의 것임"),
    "log_not_forked": ("日志没有分叉", "The log has no fork", "로그가 갈라지지 않음"),
    "status_fresh": ("状态数据未过期", "The status data are fresh", "상태 자료가 최신임"),
    "events_complete": ("状态变更记录完整", "No status act is missing", "상태 변경 기록이 온전함"),
    "in_force": ("未撤销、暂停、注销或换新", "Not revoked, suspended or replaced", "취소·정지·교체되지 않음"),
    "within_term": ("在使用期限内", "Within its term", "기간 안에 있음"),
    "registered_as_signed": ("与人才库登记一致", "The register holds the same", "등록부와 일치함"),
    "not_annulled_since": (
        "后续版本未被追溯撤销",
        "No later version was annulled for that time",
        "이후 판본이 소급 취소되지 않음",
    ),
    "file_untouched": ("PDF 文件未被改动", "The PDF is untouched", "PDF가 변경되지 않음"),
    "file_signed_by_issuer": ("PDF 由发证机关签名", "The PDF is signed by the issuer", "PDF를 발급기관이 서명함"),
}
#: Id of a row -> what it says where it passed: a check, or a whole family where no check is told.
CLAIMS: dict[str, Words] = {**CHECKS, **FAMILIES}
DIMENSIONS: dict[str, Words] = {
    "time": ("期限", "time", "기간"),
    "acts": ("事项", "acts", "업무"),
    "role": ("角色", "role", "역할"),
    "series": ("系列", "series", "계열"),
    "specialties": ("专业", "specialties", "전공"),
    "levels": ("级别", "levels", "등급"),
    "regions": ("地区", "regions", "지역"),
    "tracks": ("取得方式", "tracks", "취득 방식"),
    "years": ("年度", "years", "연도"),
}
#: Members of a certificate that can be at odds with what was decided.
MEMBERS: dict[str, Words] = {
    "": ("无", "nothing", "없음"),
    "name": ("姓名", "name", "성명"),
    "sex": ("性别", "sex", "성별"),
    "birth": ("出生日期", "date of birth", "생년월일"),
    "commitments": ("人员", "person", "인원"),
    "target": ("职称、级别或专业", "title, level or specialty", "직함·등급·전공"),
    "title": ("职称名称", "title", "직함"),
    "version": ("版次", "version", "판"),
    "correction": ("更正记录", "correction", "정정 기록"),
    "proposal": ("提议", "proposal", "제안"),
    "path": ("环节顺序", "order of acts", "단계 순서"),
    "signatures": ("签章", "set of signatures", "서명·날인"),
    "number": ("证书编号", "certificate number", "증서 번호"),
    "licence_id": ("电子证照标识", "licence identifier", "전자증서 식별자"),
    "series_zh": ("系列名称", "name of the series", "계열 이름"),
    "title_en": ("英文职称名称", "English title", "영문 직함"),
    "committee": ("评审组织", "committee", "평가위원회"),
    "award_date": ("取得日期", "date of award", "취득일"),
    "issue_date": ("发证日期", "date of issue", "발급일"),
    "approval": ("批准文件", "paper of approval", "승인 문서"),
    "track_word": ("取得方式", "way of acquiring", "취득 방식"),
    "sub": ("人员", "person", "인원"),
    "iss": ("发证机关", "issuer", "발급기관"),
    "jti": ("证书标识", "certificate identifier", "증서 식별자"),
    "status": ("状态表位置", "place in the status list", "상태표 위치"),
    "salt": ("盐值", "salt", "솔트"),
    "trust": ("信任清单", "trust list", "신뢰 목록"),
    "grants": ("授权书", "set of grants", "권한 문서"),
    "events": ("状态变更记录", "record of status changes", "상태 변경 기록"),
}
#: Who stands behind a signature of an act.
SIGNATURES: dict[str, Words] = {
    "officer": ("签字", "signed", "서명"),
    "seal": ("盖章", "sealed", "날인"),
    "unknown": ("不明签名", "unknown signature", "알 수 없는 서명"),
}
#: What became of the certificate: the name of the last link of a chain.
STATES: dict[str, Words] = {
    "in_force": ("正常", "in force", "정상"),
    "revoked": ("已撤销", "revoked", "취소됨"),
    "suspended": ("暂停使用", "suspended", "효력 정지"),
    "superseded": ("已换新版", "replaced", "교체됨"),
    "withdrawn": ("已注销", "withdrawn", "말소됨"),
}
#: What a bundle may hold without need, and kinds of signed documents.
THINGS: dict[str, Words] = {
    "certificate": ("密钥证书", "key certificate", "키 인증서"),
    "calendar": ("工作日历", "calendar", "근무일력"),
    "grant": ("授权书", "grant", "권한 문서"),
    "procedure": ("程序文件", "procedure", "절차 문서"),
    "vc+jwt": ("证书", "certificate", "증서"),
    "act+jwt": ("环节文件", "act", "단계 문서"),
    "grant+jwt": ("授权书", "grant", "권한 문서"),
    "procedure+jwt": ("程序文件", "procedure", "절차 문서"),
    "calendar+jwt": ("工作日历", "calendar", "근무일력"),
    "trust+jwt": ("信任清单", "trust list", "신뢰 목록"),
    "statuslist+jwt": ("状态表", "status list", "상태표"),
    "pdf": ("PDF 文件", "PDF", "PDF 파일"),
}
#: What was done by signing a document that is no act (`naming`).
MADE: dict[str, Words] = {
    "grant": ("授权", "Grant", "권한 부여"),
    "procedure": ("制定程序", "Procedure laid down", "절차 제정"),
    "calendar": ("公布工作日历", "Calendar published", "근무일력 공표"),
    "trust": ("发布信任清单", "Trust list published", "신뢰 목록 게시"),
}
#: Links of the chain that are drawn where something is wrong with them.
PROPOSED: Words = ("提议:{act}", "Proposal: {act}", "제안: {act}")
ANOTHER_OFFICE: Words = ("其他机构", "Another office", "다른 기관")
#: Class of reason of a lifecycle act. The public sees the class and nothing more (GreenPass discussion; PIPL art. 6).
#: Why a grant ended before its time (`ungrant+jwt`).
ENDS: dict[str, Words] = {
    "expired": ("提前终止", "ended early", "조기 종료"),
    "withdrawn": ("依决定收回", "taken back", "회수"),
    "compromised": ("密钥失密", "its key was in other hands", "키 유출"),
}
REASONS: dict[str, Words] = {
    "fraud": ("弄虚作假", "fraud", "허위·부정"),
    "procedure": ("程序违规", "breach of procedure", "절차 위반"),
    "issuing_error": ("发证差错", "error in issuing", "발급 착오"),
    "inquiry": ("核查中", "under inquiry", "조사 중"),
    "cleared": ("核查无问题", "inquiry found nothing", "조사 결과 이상 없음"),
    "holder_request": ("本人申请,非违规", "request of the holder, no misconduct", "본인 신청, 위반 아님"),
    "correction": ("更正", "correction", "정정"),
    "key_compromised": ("密钥失密后换发", "re-issue after a lost key", "키 유출 후 재발급"),
}
MATCHES: dict[str, Words] = {
    "name": ("姓名", "name", "성명"),
    "id_last4": ("身份证后 4 位", "last 4 of the ID number", "신분증 끝 4자리"),
    "title": ("职称", "title", "직함"),
}
