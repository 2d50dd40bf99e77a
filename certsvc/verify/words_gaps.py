"""Sentences for codes that are no finding of fault: evidence is missing or stale, or nothing of ours could be read."""

from certsvc.verify.words_terms import Words

UNKNOWN: dict[str, Words] = {
    "before_issue": (
        "所问的时间在发证之前。",
        "The time asked about is before the certificate was issued.",
        "조회 시점이 발급 이전입니다.",
    ),
    "calendar_missing": (
        "缺少“{act}”所用的工作日历,公示天数无法计算。",
        "The calendar of “{act}” is missing, so the notice cannot be counted.",
        "“{act}”의 근무일력이 없어 공시 일수를 셀 수 없습니다.",
    ),
    "calendar_span": (
        "工作日历不含 {day},{org}“{act}”的公示天数无法计算。",
        "The calendar does not have {day}, so how long “{act}” by {org} lasted cannot be counted.",
        "근무일력에 {day}이(가) 없어 {org}의 “{act}” 공시 일수를 셀 수 없습니다.",
    ),
    "check_raised": (
        "一项检查未能完成,请稍后重试。",
        "One check could not be completed; try again later.",
        "검사 하나를 마치지 못했습니다. 나중에 다시 시도하십시오.",
    ),
    "correction_missing": (
        "缺少更正记录。",
        "The record of a correction is missing.",
        "정정 기록이 없습니다.",
    ),
    "row_missing": (
        "证据中缺少“{act}”名单上关于此人的记录,相关事实无法核对。",
        "What the list of “{act}” says of this person is not at hand, so it cannot be checked.",
        "“{act}” 명단에서 이 사람에 관한 기록이 증거에 없어 관련 사실을 확인할 수 없습니다.",
    ),
    "events_missing": (
        "文件之后的状态变更记录不在手边,所问时间的状态无法确定。请联网核验。",
        "Changes of status after this file are not at hand, so the status at that time is open. Verify online.",
        "이 파일 이후의 상태 변경 기록이 없어 조회 시점의 상태를 알 수 없습니다. 온라인으로 확인하십시오.",
    ),
    "key_unknown": (
        "签名所用的密钥未知,无法核验。",
        "A signing key is not known here, so it cannot be checked.",
        "서명 키를 알 수 없어 확인할 수 없습니다.",
    ),
    "notice_open": (
        "“{act}”之后没有环节,公示是否期满无法确认。",
        "No act follows “{act}”, so nobody can tell whether the notice ran its time.",
        "“{act}” 뒤에 단계가 없어 공시 기간이 끝났는지 알 수 없습니다.",
    ),
    "path_missing": (
        "证据中没有评审过程。",
        "The evidence holds no acts.",
        "증거에 심사 과정이 없습니다.",
    ),
    "act_left_out": (
        "证据中缺少“{act}”或与之相邻环节的文件,无法判断该环节是否办理。",
        "“{act}”, or an act beside it, is not at hand, so it cannot be told whether that was done.",
        "증거에 “{act}” 또는 인접 단계의 문서가 없어 해당 단계의 이행 여부를 판단할 수 없습니다.",
    ),
    "prev_missing": (
        "“{act}”之前的名单不全,比例无法计算。",
        "The rosters before “{act}” are not all at hand, so the ratio cannot be counted.",
        "“{act}” 이전 명단이 모두 없어 비율을 계산할 수 없습니다.",
    ),
    "register_differs": (
        "人才库的登记与所出示的证书不一致,请向发证机关核实。",
        "The register holds another certificate than the one shown; ask the issuing office.",
        "등록부와 제시된 증서가 다릅니다. 발급기관에 확인하십시오.",
    ),
    "pdf_unregistered": (
        "发证机关的登记中没有这份文件的签名。请输入查验码查验,并向发证机关核实。",
        "The register knows of no such signature on a file. Look up the code by hand, and ask the issuing office.",
        "발급기관의 등록부에 이 파일의 서명이 없습니다. 확인 코드를 직접 조회하고 발급기관에 확인하십시오.",
    ),
    "status_form": (
        "状态表无法读取。",
        "The status list cannot be read.",
        "상태표를 읽을 수 없습니다.",
    ),
    "status_from_future": (
        "状态表的时间晚于现在,请检查本机时钟。",
        "The status list is dated in the future; check the clock of this device.",
        "상태표 시각이 미래입니다. 기기 시계를 확인하십시오.",
    ),
    "status_checkpoint": (
        "状态表所附的日志检查点不是它所说的那一个。",
        "The status list carries another checkpoint than the one that it says it follows.",
        "상태표에 딸린 체크포인트가 상태표에 적힌 것이 아닙니다.",
    ),
    "status_checkpoint_old": (
        "状态表依据的日志检查点太旧({seen}),可能缺少之后的变更。",
        "The status list follows the log only up to {seen}; later changes may be missing.",
        "상태표가 {seen}까지의 로그만 따릅니다. 이후 변경이 빠졌을 수 있습니다.",
    ),
    "status_stale": (
        "状态数据已有 {days} 天,过旧,状态未查。签名不受影响。",
        "The status data are too old (days: {days}), so the status was not checked. Signatures are not affected.",
        "상태 자료가 {days}일 지나 너무 오래되어 상태를 확인하지 못했습니다. 서명에는 영향이 없습니다.",
    ),
    "status_value": (
        "状态表中有不认识的状态({value})。",
        "The status list holds a value that has no meaning here ({value}).",
        "상태표에 알 수 없는 값({value})이 있습니다.",
    ),
    "trust_expired": (
        "信任清单已过期,无法确认授权是否已被收回。请联网重试。",
        "The trust list is out of date, so a withdrawn grant would not be known. Try again online.",
        "신뢰 목록이 만료되어 권한 회수 여부를 알 수 없습니다. 온라인으로 다시 시도하십시오.",
    ),
    "qr_only": (
        "只有二维码里的简要数据,状态未查。请联网核验。",
        "Only the short data of the QR code are at hand; the status was not checked. Verify online.",
        "QR의 요약 자료만 있어 상태를 확인하지 못했습니다. 온라인으로 확인하십시오.",
    ),
    "log_proof_missing": (
        "证据中缺少公开日志的证明。请联网核验或索取完整的文件。",
        "A proof of the public log is missing. Verify online, or ask for the whole file.",
        "공개 로그 증명이 빠졌습니다. 온라인으로 확인하거나 전체 파일을 요청하십시오.",
    ),
    "log_key_unknown": (
        "信任清单中没有公开日志的密钥。",
        "The trust list names no key of the public log.",
        "신뢰 목록에 공개 로그의 키가 없습니다.",
    ),
    "log_key_ended": (
        "公开日志的检查点({size} 条)由已停用的密钥签署,只可信到 {limit} 条。请联网核验。",
        "The checkpoint ({size} entries) is signed by a log key that is believed up to {limit} entries. Verify online.",
        "체크포인트({size}개)가 {limit}개까지만 믿을 수 있는 로그 키로 서명되었습니다. 온라인으로 확인하십시오.",
    ),
    "time_unproved": (
        "公开日志证明不了是在所写时间办理的。请索取原始文件,或向办理机构核实。",
        "The public log does not prove that it was done at the time stated. Ask for the original file, or the office.",
        "공개 로그로는 적힌 시각에 처리되었음을 증명할 수 없습니다. 원본 파일을 요청하거나 기관에 확인하십시오.",
    ),
    "interval_unproved": (
        "日志检查点相隔太远,只能证明“{act}”公示了 {days} 个工作日,应为 {needed} 个。",
        "The log's checkpoints prove only {days} working days of the notice “{act}”; {needed} are asked.",
        "로그 체크포인트 간격이 넓어 “{act}” 공시는 근무일 {days}일만 증명됩니다. 근무일 {needed}일이 필요합니다.",
    ),
    "trust_older": (
        "信任清单早于所用的{typ},无法确认其是否有效。请联网重试,或索取原始文件。",
        "The trust list is older than the {typ} and cannot know it. Try again online, or ask for the original file.",
        "신뢰 목록이 {typ}보다 먼저 만들어져 그 유효 여부를 확인할 수 없습니다. 온라인으로 다시 시도하거나 원본 파일을 요청하십시오.",
    ),
    "trust_from_future": (
        "信任清单的时间晚于现在,请检查本机时钟。",
        "The trust list is dated in the future; check the clock of this device.",
        "신뢰 목록 시각이 미래입니다. 기기 시계를 확인하십시오.",
    ),
    "log_foreign": (
        "所附检查点属于另一日志({origin})。",
        "The checkpoint is of another log ({origin}).",
        "첨부된 체크포인트는 다른 로그({origin})의 것입니다.",
    ),
    "checkpoint_older": (
        "所附检查点早于证据({size} 条)。请取最新的检查点:/log/checkpoint",
        "The checkpoint is older than the evidence ({size} entries). Fetch the newest: /log/checkpoint",
        "체크포인트가 증거보다 오래되었습니다({size}개). 최신 것을 받으십시오: /log/checkpoint",
    ),
    "waiting_for_log": (
        "证书或其状态变更正在写入公开日志,尚未完成。请几分钟后再查。",
        "The certificate, or a decision about it, is being entered in the public log; try again in a few minutes.",
        "증서 또는 그 상태 변경을 공개 로그에 등록하는 중입니다. 몇 분 뒤 다시 확인하십시오.",
    ),
    "not_in_force_yet": (
        "证书正在制作,尚未生效。请稍后再查。",
        "The certificate is being made and not in force yet; try again later.",
        "증서를 만드는 중이며 아직 효력이 없습니다. 나중에 다시 확인하십시오.",
    ),
    "too_hard_to_read": (
        "此文件在限定时间内没有读完,未作判断。可改为手工输入 16 位查验码。",
        "This file could not be read in the time allowed; nothing was judged. Type the 16-character code instead.",
        "이 파일을 제한 시간 안에 읽지 못해 판단하지 않았습니다. 16자리 코드를 입력하십시오.",
    ),
    "service_busy": (
        "读取文件的请求太多,未作判断。请稍后再试,或手工输入 16 位查验码。",
        "Too many files are being read; nothing was judged. Try again soon, or type the 16-character code.",
        "읽을 파일이 너무 많아 판단하지 않았습니다. 잠시 뒤 다시 시도하거나 16자리 코드를 입력하십시오.",
    ),
    "several_codes": (
        "图片里有几个不同的二维码。请一次只查一份证书。",
        "The picture holds several different codes. Check one certificate at a time.",
        "그림에 서로 다른 코드가 여럿 있습니다. 한 번에 증서 하나만 확인하십시오.",
    ),
    "offline_no_bundle": (
        "离线时只凭查验码无法判断。请联网,或出示含证书数据的 PDF。",
        "Offline, a code alone cannot be judged. Go online, or bring the PDF that carries the evidence.",
        "오프라인에서는 코드만으로 판단할 수 없습니다. 온라인으로 확인하거나 증거가 든 PDF를 쓰십시오.",
    ),
    "service_trouble": (
        "核验服务暂时出现故障,与证书真假无关。",
        "The service has a problem at the moment; this says nothing about the certificate.",
        "서비스에 일시적 장애가 있습니다. 증서의 진위와는 무관합니다.",
    ),
}
NOT_RUN: dict[str, Words] = {
    "nothing_to_check": (
        "这份证书没有此类材料,不需要查。",
        "This certificate has nothing of the kind, so nothing was to be checked.",
        "이 증서에는 해당 자료가 없어 검사할 것이 없습니다.",
    ),
    "no_evidence": ("没有可查的材料。", "There was nothing to check.", "확인할 자료가 없습니다."),
    "no_file_given": (
        "您没有提交 PDF 文件。",
        "You did not hand in a PDF file.",
        "PDF 파일을 제출하지 않았습니다.",
    ),
    "log_not_required": (
        "此根证书不要求公开日志,时间以文件所写为准。",
        "Under this root no public log is required; times are as the documents state them.",
        "이 루트에는 공개 로그가 필요하지 않으며 시각은 문서에 적힌 대로입니다.",
    ),
    "grant_logs": (
        "证据包中授权与其日志证明数目不符。",
        "A bundle has one log proof, or none, for each of its grants.",
        "증거 묶음의 권한 수와 로그 증명 수가 다릅니다.",
    ),
    "offline": (
        "离线核验,未查人才库。",
        "Offline: the register was not asked.",
        "오프라인이라 등록부를 조회하지 않았습니다.",
    ),
    "signature_unknown": (
        "有签名无法核验,凡以所签内容为据的均未判断。",
        "A signature could not be checked, so what rests on what it signed was not judged.",
        "확인할 수 없는 서명이 있어, 그 서명 내용에 근거한 것은 판단하지 않았습니다.",
    ),
    "keys_foreign": (
        "大量签名出自未知根证书下的密钥,未予核验。",
        "Too many signatures are of keys under a root that is not held; none was verified.",
        "보유하지 않은 루트의 키로 된 서명이 너무 많아 검사하지 않았습니다.",
    ),
    "signature_failed": (
        "签名不符,其余内容不可信,未再检查。",
        "The signature failed, so nothing else can be believed or was checked.",
        "서명이 맞지 않아 나머지는 믿을 수 없으므로 검사하지 않았습니다.",
    ),
    "evidence_unfit": (
        "证据不完整、有多余内容或与所签内容不同,凡以此为据的均未判断,不说明任何机关有误。",
        "The evidence is incomplete, holds what does not belong to it or is not what was signed, so what rests on it was not "
        "judged; that says nothing against any office.",
        "증거가 완전하지 않거나 관계없는 내용이 있거나 서명된 내용과 달라, 이에 근거한 것은 판단하지 않았습니다. 어느 기관의 "
        "잘못도 뜻하지 않습니다.",
    ),
}
#: (outcome, code) of rows whose code is also that of a fault, which says more than such a row knows.
OF_OUTCOME: dict[tuple[str, str], Words] = {
    ("not_run", "act_missing"): (
        "缺少可供比对的环节,此项未查。",
        "The act to compare with is missing, so this was not checked.",
        "대조할 단계가 없어 검사하지 않았습니다.",
    ),
    ("unknown", "nothing_to_check"): (
        "证据中没有这项检查所需的材料,无法判断。",
        "The evidence holds nothing that this check could look at, so it stays open.",
        "증거에 이 검사에 필요한 자료가 없어 판단할 수 없습니다.",
    ),
    ("unknown", "key_compromised"): (
        "{typ}的密钥曾经失密,不能据此判断。请稍后重试,或向发证机关核实。",
        "The key behind the {typ} was in other hands once, so it decides nothing. Try later, or ask the issuing office.",
        "{typ}의 키가 유출된 적이 있어 판단할 수 없습니다. 나중에 다시 시도하거나 발급기관에 확인하십시오.",
    ),
    ("unknown", "key_ended"): (
        "{typ}是用已停用的密钥签的,不能据此判断。",
        "The {typ} was signed with a key that had been ended, so it decides nothing.",
        "{typ}이(가) 사용 종료된 키로 서명되어 판단할 수 없습니다.",
    ),
    ("unknown", "cert_time"): (
        "签署{typ}的密钥,其证书当时不在有效期内,不能据此判断。请稍后重试,或向发证机关核实。",
        "The certificate of the key behind the {typ} did not hold when it was signed, so it decides nothing. Try later, or "
        "ask the issuing office.",
        "{typ} 서명에 쓴 키의 인증서가 당시 유효기간 밖이어서 판단할 수 없습니다. 나중에 다시 시도하거나 발급기관에 "
        "확인하십시오.",
    ),
    ("unknown", "ca_compromised"): (
        "{typ}的密钥由曾经失密的签发 CA 签发证书,不能据此判断。请稍后重试,或向发证机关核实。",
        "An issuing CA that was in other hands certified the key of the {typ}, so it decides nothing. Try later, or ask "
        "the issuing office.",
        "{typ}의 키는 유출된 발급 CA가 인증하여 판단할 수 없습니다. 나중에 다시 시도하거나 발급기관에 확인하십시오.",
    ),
    ("unknown", "ca_ended"): (
        "{typ}的密钥是签发 CA 停用之后才取得证书的,不能据此判断。",
        "An issuing CA certified the key of the {typ} after its end, so it decides nothing.",
        "{typ}의 키는 발급 CA 사용 종료 후에 인증되어 판단할 수 없습니다.",
    ),
    ("unknown", "grant_withdrawn"): (
        "{org}发布状态表所依据的、授予{holder}的授权,自 {since} 起已被收回({why}),状态无法确定。",
        "{org} published the status on the strength of a grant to {holder} that was withdrawn from {since} on ({why}), so "
        "the status is open.",
        "{org}이(가) 상태표 발표의 근거로 삼은 {holder}에 대한 권한이 {since}부터 회수되어({why}) 상태를 알 수 없습니다.",
    ),
    ("unknown", "grant_missing"): (
        "证据中缺少一份授权书,有关机构的权力无法确认。",
        "A grant is missing from the evidence, so a power that rests on it is not shown.",
        "증거에 권한 문서 하나가 없어 해당 기관의 권한을 확인할 수 없습니다.",
    ),
}
LOOK_UP: dict[str, Words] = {
    "check_character": (
        "查验码的校验位不符,多为输错:常见 0/O、1/I。",
        "The check character does not fit; often 0/O or 1/I were mixed up.",
        "확인 코드의 검사 문자가 맞지 않습니다. 0/O, 1/I 혼동이 흔합니다.",
    ),
    "code_form": (
        "查验码应为 16 位数字和字母。",
        "A verification code has 16 digits and letters.",
        "확인 코드는 숫자와 영문자 16자리입니다.",
    ),
    "number_form": (
        "证书编号应为 20 位。",
        "A certificate number has 20 characters.",
        "증서 번호는 20자리입니다.",
    ),
    "number_check_character": (
        "证书编号的末位校验不符,多为输错。",
        "The last character of the number does not fit; probably a typing slip.",
        "증서 번호의 끝 검사 문자가 맞지 않습니다. 대개 오타입니다.",
    ),
    "never_issued": (
        "查验码格式正确,但从未签发。",
        "The code is well formed, but was never issued.",
        "코드 형식은 맞지만 발급된 적이 없습니다.",
    ),
    "foreign_host": (
        "此二维码或网址指向别的网站({host}),不是官方网址。",
        "The code or address leads to another site ({host}), not to the official one.",
        "이 코드나 주소는 공식 주소가 아닌 다른 사이트({host})로 연결됩니다.",
    ),
    "no_record": (
        "没有与编号和姓名都相符的记录。",
        "No record fits both the number and the name.",
        "번호와 성명이 모두 맞는 기록이 없습니다.",
    ),
    "no_code_found": (
        "图片或文件里没有找到本厅的二维码或证书数据。",
        "No QR code or certificate of ours was found in the picture or file.",
        "그림이나 파일에서 본청의 QR 코드나 증서 자료를 찾지 못했습니다.",
    ),
    "image_unreadable": (
        "文件无法读取。请用 PDF、PNG 或 JPG。",
        "The file cannot be read. Use PDF, PNG or JPG.",
        "파일을 읽을 수 없습니다. PDF, PNG, JPG를 쓰십시오.",
    ),
    "image_too_large": (
        "图片像素太多,请缩小后再试。",
        "The picture has too many pixels; make it smaller.",
        "그림이 너무 큽니다. 줄여서 다시 시도하십시오.",
    ),
    "pdf_unreadable": (
        "PDF 无法读取。",
        "The PDF cannot be read.",
        "PDF를 읽을 수 없습니다.",
    ),
    "pdf_too_large": ("PDF 太大。", "The PDF is too large.", "PDF가 너무 큽니다."),
    "not_pdf": ("不是 PDF 文件。", "This is no PDF.", "PDF 파일이 아닙니다."),
    "pdf_not_ours": (
        "PDF 里没有本厅的证书数据。",
        "The PDF holds nothing of ours.",
        "PDF에 본청의 증서 자료가 없습니다.",
    ),
}

_FORM: Words = (
    "数据格式不符合规范,不是本厅签发时的原样。",
    "The data are not written as we write them.",
    "자료 형식이 규격에 맞지 않아 발급 당시의 원형이 아닙니다.",
)
#: The strict readers in front of every signature (core.encoding, core.jose, core.shape, core.bundle, core.chain).
MALFORMED: dict[str, Words] = dict.fromkeys(
    (
        "base64",
        "bundle_act_kind",
        "bundle_size",
        "certificate_form",
        "entry_missing",
        "json",
        "json_canonical",
        "json_depth",
        "json_duplicate",
        "json_number",
        "jws_form",
        "jws_header",
        "jws_payload",
        "jws_size",
        "jws_typ",
        "key_kind",
        "member_form",
        "missing_member",
        "not_a_root",
        "unknown_member",
    ),
    _FORM,
)
