"""Sentences for codes of rows that failed: what is wrong and who failed.

Placeholders: {org} organisation, {act} kind of act, and the figures of the row ({days}, {needed}, {level} …).
"""

from certsvc.verify.words_terms import Words

INTEGRITY: dict[str, Words] = {
    "sig_bad": (
        "{typ}的电子签名不成立:与内容不符,或不是可接受的签名。",
        "The signature of the {typ} does not hold: it does not fit the content, or is of no kind that is accepted.",
        "{typ}의 전자서명이 성립하지 않습니다: 내용과 맞지 않거나 인정되는 서명이 아닙니다.",
    ),
    "unused_evidence": (
        "证据中夹带了用不到的材料,或同一材料重复({what})。",
        "The evidence carries something that nothing uses, or something twice ({what}).",
        "증거에 쓰이지 않거나 중복된 자료({what})가 들어 있습니다.",
    ),
}
LOG: dict[str, Words] = {
    "commit_mismatch": (
        "公开日志中的条目与文件不符({member})。",
        "The entry of the public log is not about this document ({member}).",
        "공개 로그 항목이 이 문서와 맞지 않습니다({member}).",
    ),
    "once_tag": (
        "公开日志中的条目不是由前一环节引出的,可能重复办理。",
        "The entry of the public log does not follow from the one before; it may have been done twice.",
        "공개 로그 항목이 앞 단계에서 이어지지 않습니다. 두 번 처리되었을 수 있습니다.",
    ),
    "time_mismatch": (
        "{org}的“{act}”自称办理于 {signed},而公开日志登记于 {earliest} 至 {latest}:两者不符(倒签、事后补办,或预填日期)。",
        "“{act}” by {org} says {signed}, and entered the public log between {earliest} and {latest}: the two do not agree (dated back, done afterwards, or dated ahead).",
        "{org}의 “{act}”에는 {signed}(으)로 적혀 있으나 공개 로그에는 {earliest}~{latest}에 등록되었습니다. 둘이 맞지 않습니다(소급, 사후 처리 또는 앞당겨 적은 날짜).",
    ),
    "log_forked": (
        "公开日志有两个不同的版本,请向审计机构报告。",
        "The public log exists in two versions; report it to the auditors.",
        "공개 로그가 두 가지로 존재합니다. 감사기관에 신고하십시오.",
    ),
    "checkpoint_bad": (
        "公开日志的签名记录有误,不能证明登记时间。",
        "A signed record of the public log does not hold, so it proves no time.",
        "공개 로그의 서명 기록이 맞지 않아 등록 시각을 증명하지 못합니다.",
    ),
    "witness_quorum": (
        "公开日志应有 {needed} 个见证者签名,实有 {found} 个。",
        "The public log needs the signatures of {needed} witnesses; {found} signed.",
        "공개 로그에는 증인 {needed}명의 서명이 필요하나 {found}명이 서명했습니다.",
    ),
}
CHAIN: dict[str, Words] = {
    "roots_mixed": (
        "证据来自两个不同的根证书。",
        "The evidence stands under two different roots.",
        "증거가 서로 다른 두 루트에 속합니다.",
    ),
    "unknown_root": (
        "签名密钥没有由本厅的根证书按规定认证。",
        "The signing key was not certified under our root in the way that its use asks for.",
        "서명 키가 본청 루트 인증서 아래에서 규정대로 인증되지 않았습니다.",
    ),
    "test_root": (
        "这是测试系统签发的样本,没有法律效力。",
        "This is a specimen of a test system, without legal effect.",
        "시험 시스템이 발급한 견본으로 법적 효력이 없습니다.",
    ),
    "cert_chain": (
        "{org}的密钥证书没有按规定的途径追溯到根证书。",
        "The key certificate of {org} does not lead up to the root in the prescribed way.",
        "{org}의 키 인증서가 정해진 경로로 루트까지 이어지지 않습니다.",
    ),
    "cert_form": (
        "密钥证书的格式有误。",
        "A key certificate is malformed.",
        "키 인증서의 형식이 잘못되었습니다.",
    ),
    "cert_use": (
        "{org}的密钥不是用来签署此种文件的,或签在了经办人签字、机构盖章中不属于它的位置({typ})。",
        "A key of {org} signed a document that it is not for, or signed in the place of the officer or of the seal, which is not its own ({typ}).",
        "{org}의 키가 용도 밖의 문서에 쓰였거나, 담당자 서명과 기관 날인 중 제자리가 아닌 곳에 쓰였습니다({typ}).",
    ),
    "cert_time": (
        "{org}在密钥有效期以外签了名。",
        "{org} signed outside the validity of its key.",
        "{org}이(가) 키 유효기간 밖에서 서명했습니다.",
    ),
    "sign_missing": (
        "{org}的“{act}”缺经办人签字。",
        "“{act}” by {org} lacks the officer's signature.",
        "{org}의 “{act}”에 담당자 서명이 없습니다.",
    ),
    "seal_missing": (
        "{org}的“{act}”缺机构盖章。",
        "“{act}” by {org} lacks the seal of the office.",
        "{org}의 “{act}”에 기관 날인이 없습니다.",
    ),
    "org_mismatch": (
        "“{act}”写的是{org},签名的却是另一机构。",
        "“{act}” names {org}, but another organisation signed it.",
        "“{act}”에는 {org}(으)로 적혀 있으나 다른 기관이 서명했습니다.",
    ),
    "officer_mismatch": (
        "{org}的“{act}”上,签字人与所写经办人不是同一人。",
        "On “{act}” by {org} the signer is not the officer named.",
        "{org}의 “{act}”에서 서명자가 기재된 담당자와 다릅니다.",
    ),
    "issuer_mismatch": (
        "证书所写的发证机关、签名者与办理制证的机关不是同一个。",
        "The issuer named, the one who signed and the office that did the act of issuing are not one and the same.",
        "증서에 적힌 발급기관, 서명자, 발급 단계를 처리한 기관이 서로 다릅니다.",
    ),
}
AUTHORITY: dict[str, Words] = {
    "grant_missing": (
        "缺少{org}的授权书,无法确认其有权办理“{act}”。",
        "The grant of {org} is missing, so its power to do “{act}” is not shown.",
        "{org}의 권한 문서가 없어 “{act}” 권한을 확인할 수 없습니다.",
    ),
    "chain_loop": (
        "{org}的授权相互循环,没有源头。",
        "The grants of {org} run in a circle and have no source.",
        "{org}의 권한이 순환하여 근원이 없습니다.",
    ),
    "depth_exceeded": (
        "{org}的授权层级超过上限。",
        "The delegation to {org} is deeper than allowed.",
        "{org}의 위임 단계가 한도를 넘습니다.",
    ),
    "root_unknown": (
        "{org}的最上级授权不是省厅以自己的名义下达的。",
        "The topmost grant of {org} was not given by the provincial department in its own name.",
        "{org}의 최상위 권한은 성 인사청이 자기 이름으로 부여한 것이 아닙니다.",
    ),
    "grant_signer": (
        "{org}的授权由无权授权者签发。",
        "The grant of {org} was signed by somebody who may not grant.",
        "{org}의 권한 문서를 권한 없는 자가 서명했습니다.",
    ),
    "scope_widened": (
        "{org}得到的授权超出上级的范围,或自身不成立({dimension})。",
        "The grant of {org} is wider than the one above it, or no possible one ({dimension}).",
        "{org}의 권한이 상위 권한보다 넓거나 성립하지 않습니다({dimension}).",
    ),
    "ratio_self_given": (
        "{org}的通过比例不是人社部门核定的。",
        "The pass ratio of {org} was not approved by a human resources office.",
        "{org}의 통과 비율은 인사 부서가 승인한 것이 아닙니다.",
    ),
    "committee_term": (
        "{org}的评委会备案期超过三年。",
        "The committee filing of {org} runs for more than three years.",
        "{org}의 평가위원회 등록 기간이 3년을 넘습니다.",
    ),
    "grant_withdrawn": (
        "{org}办理时所依据的、授予{holder}的授权,自 {since} 起已被收回({why})。",
        "{org} acted on the strength of a grant to {holder} that was withdrawn from {since} on ({why}).",
        "{org}이(가) 근거로 삼은 {holder}에 대한 권한은 {since}부터 회수되었습니다({why}).",
    ),
    "act_not_granted": (
        "{org}没有办理“{act}”的授权。",
        "{org} was not granted “{act}”.",
        "{org}에는 “{act}” 권한이 없습니다.",
    ),
    "grant_not_yet": (
        "{org}办理“{act}”时,授权尚未生效。",
        "When {org} did “{act}”, its grant had not begun.",
        "{org}의 “{act}” 당시 권한이 아직 시작되지 않았습니다.",
    ),
    "document_before_grant": (
        "{org}“{act}”的文件日期 {date} 早于其授权生效之日 {begun}。",
        "The document of “{act}” by {org} is dated {date}, before its grant began ({begun}).",
        "{org}의 “{act}” 문서 날짜 {date}이(가) 권한 시작일 {begun}보다 이릅니다.",
    ),
    "grant_expired": (
        "{org}办理“{act}”时,授权已经到期。",
        "When {org} did “{act}”, its grant had ended.",
        "{org}의 “{act}” 당시 권한이 이미 끝났습니다.",
    ),
    "level_out_of_scope": (
        "{org}无权评定{value}职称(环节:{act})。",
        "{org} has no power over {value} titles (act: {act}).",
        "{org}에는 {value} 직함 권한이 없습니다(단계: {act}).",
    ),
    "series_out_of_scope": (
        "{org}无权办理该系列({value})的职称(环节:{act})。",
        "{org} has no power over this series ({value}) (act: {act}).",
        "{org}에는 이 계열({value}) 권한이 없습니다(단계: {act}).",
    ),
    "specialty_out_of_scope": (
        "{org}无权办理该专业({value})的职称(环节:{act})。",
        "{org} has no power over this specialty ({value}) (act: {act}).",
        "{org}에는 이 전공({value}) 권한이 없습니다(단계: {act}).",
    ),
    "region_out_of_scope": (
        "{org}无权办理该地区({value})的职称(环节:{act})。",
        "{org} has no power in this region ({value}) (act: {act}).",
        "{org}에는 이 지역({value}) 권한이 없습니다(단계: {act}).",
    ),
    "track_out_of_scope": (
        "{org}无权按此取得方式({value})办理(环节:{act})。",
        "{org} has no power over this track ({value}) (act: {act}).",
        "{org}에는 이 취득 방식({value}) 권한이 없습니다(단계: {act}).",
    ),
    "year_out_of_scope": (
        "{org}的授权不含 {value} 年度(环节:{act})。",
        "The grant of {org} does not cover the year {value} (act: {act}).",
        "{org}의 권한에 {value} 연도가 없습니다(단계: {act}).",
    ),
    "key_unknown_to_grant": (
        "{org}办理“{act}”所用的密钥不在其授权书内。",
        "“{act}” by {org} was signed with keys that its grant does not name.",
        "{org}의 “{act}”에 권한 문서에 없는 키가 쓰였습니다.",
    ),
    "key_ended": (
        "{org}在密钥停用后仍用它签署了{typ}。",
        "{org} signed the {typ} with a key that had been ended.",
        "{org}이(가) 사용 종료된 키로 {typ}에 서명했습니다.",
    ),
    "key_compromised": (
        "{org}的密钥曾失密,不能证明{typ}是在此之前签署的,此签名不足为凭。",
        "The key of {org} was in other hands, and nothing shows that the {typ} was signed before that, so the signature proves nothing.",
        "{org}의 키가 유출되었고 {typ} 서명이 그 전이었음이 증명되지 않아 서명을 믿을 수 없습니다.",
    ),
    "ca_ended": (
        "{org}签署{typ}所用密钥的证书,是签发 CA 停用之后才签发的,不足为凭。",
        "The key with which {org} signed the {typ} was certified by an issuing CA after the end of that CA.",
        "{org}이(가) {typ} 서명에 쓴 키의 인증서는 발급 CA 사용 종료 후에 발급되었습니다.",
    ),
    "ca_compromised": (
        "签发 CA 曾失密,不能证明{org}签署{typ}是在此之前,所用密钥的证书不足为凭。",
        "The issuing CA was in other hands, and nothing shows that {org} signed the {typ} before that, so the certificate of the key proves nothing.",
        "발급 CA가 유출되었고 {org}의 {typ} 서명이 그 전이었음이 증명되지 않아 키의 인증서를 믿을 수 없습니다.",
    ),
    "key_not_granted": (
        "{org}的签名密钥不在授予它本身办理此事的授权之内。",
        "The key with which {org} signed is not one that a grant of its own names for this.",
        "{org}의 서명 키가 이 업무를 위해 해당 기관에 부여된 권한에 없습니다.",
    ),
    "status_foreign": (
        "状态表不是此证书所指的那一份。",
        "The status list is not the one that the certificate names.",
        "상태표가 증서에 지정된 것이 아닙니다.",
    ),
    "status_org_foreign": (
        "{org}不是发证机关,也不是其上级,无权作出“{act}”。",
        "{org} is neither the issuer nor above it, so it may not do “{act}”.",
        "{org}은(는) 발급기관도 상급기관도 아니어서 “{act}” 권한이 없습니다.",
    ),
    "status_key_not_granted": (
        "签署状态表的密钥({org})未获授权发布此证书的状态。",
        "The key that signed the status list ({org}) was not granted to publish the status of this certificate.",
        "상태표에 서명한 키({org})는 이 증서의 상태를 발표할 권한을 받지 않았습니다.",
    ),
}
STATUS: dict[str, Words] = {
    "revoked": ("证书已被撤销。", "The certificate was revoked.", "증서가 취소되었습니다."),
    "suspended": ("证书暂停使用。", "The certificate is suspended.", "증서의 효력이 정지되었습니다."),
    "superseded": ("证书已换新版。", "The certificate was replaced.", "증서가 새 판으로 교체되었습니다."),
    "withdrawn": ("证书已注销。", "The certificate was withdrawn.", "증서가 말소되었습니다."),
    "out_of_term": ("使用期限已于 {until} 届满。", "Its term ended {until}.", "사용 기간이 {until}에 끝났습니다."),
    "status_diverges": (
        "状态表与状态变更记录不一致。",
        "The status list and the status acts contradict each other.",
        "상태표와 상태 변경 기록이 서로 다릅니다.",
    ),
    "status_illegal": (
        "{org}的“{act}”不合规定:此前状态、次序编号、理由类别或生效日期不允许。",
        "“{act}” by {org} is not lawful: the status before it, its number, its reason or its effect does not allow it.",
        "{org}의 “{act}”은(는) 규정에 맞지 않습니다: 이전 상태, 순번, 사유 또는 효력일이 허용되지 않습니다.",
    ),
}
DOCUMENT: dict[str, Words] = {
    "pdf_unsigned": (
        "PDF 没有电子签名。",
        "The PDF bears no electronic signature.",
        "PDF에 전자서명이 없습니다.",
    ),
    "pdf_signer_chain": (
        "PDF 的签名密钥不能追溯到根证书。",
        "The key behind the PDF signature does not lead up to the root.",
        "PDF 서명 키가 루트까지 이어지지 않습니다.",
    ),
    "pdf_signer_foreign": (
        "PDF 不是由发证机关签名的。",
        "The PDF was not signed by the issuer.",
        "PDF를 발급기관이 서명하지 않았습니다.",
    ),
    "digest_differs": (
        "PDF 签名之后,文件内容被改过。",
        "The PDF was changed after it was signed.",
        "PDF가 서명된 뒤에 변경되었습니다.",
    ),
    "signature_false": (
        "PDF 的电子签名不成立。",
        "The signature in the PDF does not hold.",
        "PDF의 전자서명이 성립하지 않습니다.",
    ),
    "coverage": (
        "PDF 的电子签名没有覆盖整个文件,有内容是后加的。",
        "The signature does not cover the whole PDF; something was added.",
        "전자서명이 PDF 전체를 덮지 않으며 나중에 추가된 내용이 있습니다.",
    ),
    "signature_count": (
        "PDF 里的电子签名不是恰好一个。",
        "The PDF does not have exactly one signature.",
        "PDF의 전자서명이 정확히 하나가 아닙니다.",
    ),
    "bundle_missing": (
        "PDF 里没有完整的证书数据。",
        "The PDF does not hold the whole data of the certificate.",
        "PDF에 온전한 증서 자료가 없습니다.",
    ),
    "pdf_no_bundle": (
        "PDF 里没有完整的证书数据。",
        "The PDF does not hold the whole data of the certificate.",
        "PDF에 온전한 증서 자료가 없습니다.",
    ),
    **dict.fromkeys(
        (
            "byte_range_count",
            "byte_range_form",
            "cms_form",
            "contents_hex",
            "contents_padding",
            "contents_place",
            "not_certified",
            "pdf_structure",
            "subfilter",
            "timestamp_form",
        ),
        (
            "PDF 的签名结构不是签发时的样子。",
            "The PDF's signature is not built the way we build it.",
            "PDF의 서명 구조가 발급 당시와 다릅니다.",
        ),
    ),
}
