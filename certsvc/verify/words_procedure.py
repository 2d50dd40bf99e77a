"""Sentences for codes of the procedure family: which act of which organisation broke which rule, with its figures."""

from certsvc.verify.words_terms import Words

PROCEDURE: dict[str, Words] = {
    "procedure_changed": (
        "{org}的“{act}”依据了另一套程序。",
        "“{act}” by {org} followed another procedure than the first act.",
        "{org}의 “{act}”이(가) 다른 절차를 따랐습니다.",
    ),
    "procedure_track": (
        "所用程序不是该取得方式({track})的程序。",
        "The procedure is not that of the track {track}.",
        "적용 절차가 해당 취득 방식({track})의 것이 아닙니다.",
    ),
    "procedure_unlisted": (
        "所用程序未经省厅公布。",
        "The procedure was never published by the department.",
        "적용 절차가 성 인사청에서 공포되지 않았습니다.",
    ),
    "procedure_superseded": (
        "首个环节办理时,所用程序不在有效期内。",
        "The procedure was not in force when the first act was done.",
        "첫 단계 당시 적용 절차가 유효하지 않았습니다.",
    ),
    "level_beyond_track": (
        "该取得方式不能取得{level}职称。",
        "This track does not lead to {level} titles.",
        "이 취득 방식으로는 {level} 직함을 취득할 수 없습니다.",
    ),
    "series_beyond_track": (
        "该取得方式不适用于此系列({series})。",
        "This track does not exist for this series ({series}).",
        "이 취득 방식은 이 계열({series})에 적용되지 않습니다.",
    ),
    "title_beyond_level": (
        "职称“{title}”在目录中不属于该系列({series})的{level}。",
        "The catalogue has {title} at another level or in another series, not as a {level} title of series {series}.",
        "직함 “{title}”은(는) 목록에서 이 계열({series})의 {level} 직함이 아닙니다.",
    ),
    "roster_size": (
        "{org}的“{act}”名单人数异常。",
        "The roster of “{act}” by {org} has an impossible size.",
        "{org}의 “{act}” 명단 인원이 비정상입니다.",
    ),
    "roster_grew": (
        "{org}的“{act}”名单有 {count} 人,而上一环节的名单只有 {most} 人。",
        "The roster of “{act}” by {org} has {count} people; that of the act before has {most}.",
        "{org}의 “{act}” 명단은 {count}명인데 앞 단계 명단은 {most}명뿐입니다.",
    ),
    "inclusion_bad": (
        "所示“{act}”的证明与已签署的名单或日志不符,不说明名单上有无此人。",
        "The proof shown for “{act}” does not fit the signed list or log, and so says nothing of who is on it.",
        "제시된 “{act}” 증명이 서명된 명단이나 로그와 맞지 않아 명단에 이 사람이 있는지를 말해 주지 않습니다.",
    ),
    "evidence_differs": (
        "所示证据中的{member}与已签署的内容不符,不说明任何机关有误。",
        "The {member} shown in the evidence is not what was signed; that says nothing against any office.",
        "제시된 증거의 {member}이(가) 서명된 내용과 다릅니다. 이는 어느 기관의 잘못도 뜻하지 않습니다.",
    ),
    "part_of_others": (
        "{org}的“{act}”所指的那部分名单中没有此人。",
        "“{act}” by {org} is about a part of the list that does not hold this person.",
        "{org}의 “{act}”이(가) 가리키는 명단 부분에는 이 사람이 없습니다.",
    ),
    "target_changed": (
        "{org}的“{act}”所评的职称与申报的不同。",
        "“{act}” by {org} was about another title than was applied for.",
        "{org}의 “{act}” 대상 직함이 신청과 다릅니다.",
    ),
    "parts_do_not_sum": (
        "{org}的“{act}”分拆名单后人数不符。",
        "The parts of the roster of “{act}” by {org} do not add up.",
        "{org}의 “{act}” 명단 분할 인원이 맞지 않습니다.",
    ),
    "act_missing": (
        "缺少“{act}”环节(应由{roles}办理)。",
        "The act “{act}” is missing (it falls to: {roles}).",
        "“{act}” 단계가 없습니다(담당: {roles}).",
    ),
    "act_missing_before": (
        "“{act}”之前还应有环节,证据中没有。",
        "“{act}” follows on an act that is missing.",
        "“{act}” 앞의 단계가 빠져 있습니다.",
    ),
    "link_case": (
        "{org}的“{act}”不是接着上一环节办理的。",
        "“{act}” by {org} does not follow on the act before it.",
        "{org}의 “{act}”이(가) 앞 단계와 이어지지 않습니다.",
    ),
    "order": (
        "{org}的“{act}”顺序不对。",
        "“{act}” by {org} is out of order.",
        "{org}의 “{act}” 순서가 맞지 않습니다.",
    ),
    "act_done_already": (
        "{org}已经办理过“{act}”。",
        "{org} has done “{act}” already.",
        "{org}은(는) 이미 “{act}”을(를) 했습니다.",
    ),
    "act_not_in_procedure": (
        "该取得方式没有“{act}”这一环节。",
        "The procedure has no act “{act}”.",
        "이 절차에는 “{act}” 단계가 없습니다.",
    ),
    "evidence_head": (
        "证书所指的环节不是最后一个环节。",
        "The certificate names another act than the last one.",
        "증서가 가리키는 단계가 마지막 단계가 아닙니다.",
    ),
    "role_not_allowed": (
        "{org}不是可以办理“{act}”的机构(应为{roles})。",
        "{org} does not have the role that “{act}” asks for ({roles}).",
        "{org}은(는) “{act}”을(를) 할 수 있는 기관이 아닙니다({roles}).",
    ),
    "signer_not_distinct": (
        "{org}的“{act}”应有 {needed} 人签字,实有不同的 {found} 人。",
        "“{act}” by {org} needs {needed} different officers; {found} signed.",
        "{org}의 “{act}”에는 {needed}명이 서명해야 하나 서로 다른 {found}명이 서명했습니다.",
    ),
    "fact_quorum_two_thirds": (
        "{org}的“{act}”:应到 {members} 人,实到 {present} 人,不足三分之二。",
        "“{act}” by {org}: {present} of {members} members were present, fewer than two thirds.",
        "{org}의 “{act}”: 위원 {members}명 중 {present}명 출석, 3분의 2 미달입니다.",
    ),
    "fact_yes_two_thirds": (
        "{org}的“{act}”:到会 {present} 人,同意 {yes} 票,不足三分之二。",
        "“{act}” by {org}: {yes} of {present} voted yes, fewer than two thirds.",
        "{org}의 “{act}”: 출석 {present}명 중 찬성 {yes}표, 3분의 2 미달입니다.",
    ),
    "fact_votes_add_up": (
        "{org}的“{act}”:同意 {yes}、反对 {no}、弃权 {abstain},与到会 {present} 人不符。",
        "“{act}” by {org}: {yes} yes, {no} no and {abstain} abstentions do not make {present} present.",
        "{org}의 “{act}”: 찬성 {yes}, 반대 {no}, 기권 {abstain}의 합이 출석 {present}명과 다릅니다.",
    ),
    "fact_within_ratio": (
        "{org}的“{act}”:申报 {applied} 人,通过 {passed} 人,超过核定比例 {approved}%。",
        "“{act}” by {org}: {passed} of {applied} passed, over the approved {approved}%.",
        "{org}의 “{act}”: 신청 {applied}명 중 {passed}명 통과, 승인 비율 {approved}% 초과입니다.",
    ),
    "fact_within_posts": (
        "{org}的“{act}”:通过 {passed} 人,超过核定岗位数 {posts}。",
        "“{act}” by {org}: {passed} passed for {posts} approved posts.",
        "{org}의 “{act}”: {passed}명 통과, 승인 정원 {posts}명 초과입니다.",
    ),
    "fact_level_step": (
        "{org}的“{act}”:申报级别与现职称不衔接(现职称级别:{current_level}),或未写明现职称。",
        "“{act}” by {org}: the level does not follow on the one held before ({current_level}), or none was stated.",
        "{org}의 “{act}”: 신청 등급이 이전 등급({current_level})에 이어지지 않거나 이전 자격이 기재되지 않았습니다.",
    ),
    "fact_education_check": (
        "{org}的“{act}”:评审年度继续教育专业科目 {professional_hours} 学时、公需科目计 {public_hours} 学时,"
        "不足 90 学时或专业科目不足三分之二,或未填学时。",
        "“{act}” by {org}: {professional_hours} professional and {public_hours} public hours of continuing education "
        "count; 90 are required, two thirds of them professional.",
        "{org}의 “{act}”: 계속교육 전공 {professional_hours}시간, 공통 {public_hours}시간 인정, 90시간(전공 3분의 2)에 "
        "미달하거나 기재되지 않았습니다.",
    ),
    "fact_no_ban": (
        "{org}的“{act}”:申报人被限制申报(自 {ban_from} 起,截止 {ban_until}),或未作此项核查。",
        "“{act}” by {org}: the applicant was barred from applying (from {ban_from}, last day: {ban_until}), "
        "or this was not checked.",
        "{org}의 “{act}”: 신청 제한(시작 {ban_from}, 마지막 날 {ban_until}) 중이었거나 확인되지 않았습니다.",
    ),
    "fact_not_exam_series": (
        "{org}的“{act}”:该系列该级别实行考试,不能评定。",
        "“{act}” by {org}: titles of this series and level are given by examination only.",
        "{org}의 “{act}”: 이 계열·등급은 시험으로만 취득합니다.",
    ),
    "fact_at_least": (
        "{org}的“{act}”:年限等条件未达到规定。",
        "“{act}” by {org}: years of service or another minimum were not reached.",
        "{org}의 “{act}”: 근무 연수 등 최소 조건에 미달합니다.",
    ),
    "fact_at_least_for_level": (
        "{org}的“{act}”:年限等条件未达到该级别的规定。",
        "“{act}” by {org}: years of service or another minimum for this level were not reached.",
        "{org}의 “{act}”: 해당 등급의 근무 연수 등 최소 조건에 미달합니다.",
    ),
    "fact_one_of": (
        "{org}的“{act}”:申报人不属于该取得方式规定的人员或类别。",
        "“{act}” by {org}: the applicant is none of the kinds of people that this track is for.",
        "{org}의 “{act}”: 신청자가 이 취득 방식의 대상이 아닙니다.",
    ),
    "fact_county_unit": (
        "{org}的“{act}”:该取得方式只适用于县(市)及以下单位。",
        "“{act}” by {org}: this track is for employers at county level and below only.",
        "{org}의 “{act}”: 이 취득 방식은 현(시) 이하 기관에만 적용됩니다.",
    ),
    "fact_appraised_each_year": (
        "{org}的“{act}”:任现职以来不是每年都有合格的考核。",
        "“{act}” by {org}: the applicant was not appraised well in every year at the present level.",
        "{org}의 “{act}”: 현 등급에서 매년 합격 평가를 받지 못했습니다.",
    ),
    "fact_stage": (
        "{org}的“{act}”:会议的次序与规定不符。",
        "“{act}” by {org}: the meetings were not held in the order that is prescribed.",
        "{org}의 “{act}”: 회의 순서가 규정과 다릅니다.",
    ),
    "calendar_unlisted": (
        "{org}的“{act}”所用工作日历未经公布。",
        "“{act}” by {org} used a calendar that was never published.",
        "{org}의 “{act}”에 공포되지 않은 근무일력이 쓰였습니다.",
    ),
    "calendar_superseded": (
        "{org}的“{act}”所用工作日历不是当时有效的一版。",
        "“{act}” by {org} used a calendar that was not the one in force.",
        "{org}의 “{act}”에 당시 시행 중이던 근무일력이 쓰이지 않았습니다.",
    ),
    "interval_short": (
        "{org}的“{act}”只有 {days} 个工作日,应不少于 {needed} 个。",
        "“{act}” by {org} lasted {days} working days; {needed} are required.",
        "{org}의 “{act}” 기간이 근무일 {days}일로, {needed}일 이상이어야 합니다.",
    ),
    "apart": (
        "{org}的“{act}”与“{apart_from}”出自同一机构或同一人,应当分开。",
        "“{act}” by {org} and “{apart_from}” came from one organisation or person; they must be apart.",
        "{org}의 “{act}”과(와) “{apart_from}”은(는) 서로 다른 기관·사람이 해야 합니다.",
    ),
    "apart_people": (
        "{org}的“{act}”与“{apart_from}”出自同一人,应由不同的人办理。",
        "“{act}” by {org} and “{apart_from}” came from one person; different people must do them.",
        "{org}의 “{act}”과(와) “{apart_from}”을(를) 같은 사람이 처리했습니다. 서로 다른 사람이 해야 합니다.",
    ),
    "decided_alone": (
        "{org}的“{act}”由同一人提出并决定,应由另一人决定。",
        "“{act}” by {org} was proposed and decided by one person; another has to decide.",
        "{org}의 “{act}”을(를) 한 사람이 제안하고 결정했습니다. 다른 사람이 결정해야 합니다.",
    ),
    "document_date": (
        "{org}的“{act}”文件日期 {date} 与办理时间不符。",
        "The document of “{act}” by {org} is dated {date}, which does not fit the time of the act.",
        "{org}의 “{act}” 문서 날짜 {date}이(가) 처리 시간과 맞지 않습니다.",
    ),
    "application_year": (
        "申报年度写为 {year} 年,但首个环节({org}的“{act}”)的文件日期在 {opened} 年;申报年度应为该年或其上一年。",
        "The application calls itself one of {year}, but its first act (“{act}” by {org}) is dated {opened}; it is of that year or the one before.",
        "신청 연도가 {year}년이라고 하지만 첫 단계({org}의 “{act}”) 문서 날짜는 {opened}년입니다. 그해 또는 그 전해여야 합니다.",
    ),
    "document_order": (
        "{org}的“{act}”文件日期 {date} 早于其前一环节“{follows}”的文件日期 {earlier}。",
        "The document of “{act}” by {org} is dated {date}, before that of “{follows}”, which it follows ({earlier}).",
        "{org}의 “{act}” 문서 날짜 {date}이(가) 앞 단계 “{follows}”의 문서 날짜 {earlier}보다 이릅니다.",
    ),
    "cert_mismatch": (
        "证书上的{member}与评审结果不一致。",
        "The {member} on the certificate is not what was decided.",
        "증서의 {member}이(가) 심사 결과와 다릅니다.",
    ),
    "archive_scope": (
        "历史数据的密钥签发了不属于历史数据的证书。",
        "An archive key signed a certificate that is no archived title.",
        "과거 자료용 키로 과거 자료가 아닌 증서가 서명되었습니다.",
    ),
    "correction_form": (
        "{org}的更正没有写明更正内容,或其理由、生效日期不属于更正。",
        "The correction by {org} does not say what it corrects, or has a reason or an effect that no correction has.",
        "{org}의 정정에 정정 내용이 없거나, 정정에 맞지 않는 사유 또는 효력일이 있습니다.",
    ),
    "correction_fields": (
        "{org}的更正所写内容({stated})与实际改动({changed})不符。",
        "The correction by {org} says it changes ({stated}), but it changes ({changed}).",
        "{org}의 정정에 적힌 항목({stated})과 실제 변경({changed})이 다릅니다.",
    ),
    "correction_person": (
        "{org}的更正把证书改成了另一人的:姓名、证件号码与性别或出生日期都改变了。",
        "The correction by {org} makes it the certificate of somebody else: name, ID number, and sex or birth all changed.",
        "{org}의 정정으로 다른 사람의 증서가 되었습니다: 성명, 증명서 번호와 성별 또는 생년월일이 모두 바뀌었습니다.",
    ),
    "proposal_differs": (
        "{org}批准的“{act}”与所提议的不同。",
        "“{act}” as decided by {org} is not what was proposed.",
        "{org}이(가) 결정한 “{act}”이(가) 제안과 다릅니다.",
    ),
}

#: `act_missing` by the figure that says how it is known who should have acted.
MISSING: dict[str, Words] = {
    "holders": (
        "缺少“{act}”环节:获授权办理的是{holders}({roles}),没有签署。",
        "The act “{act}” is missing: it was granted to {holders} ({roles}), and nobody there signed it.",
        "“{act}” 단계가 없습니다: 권한을 받은 {holders}({roles})이(가) 서명하지 않았습니다.",
    ),
    "after": (
        "缺少“{act}”环节:{org}办理“{after}”之后,没有{roles}办理。",
        "The act “{act}” is missing: after “{after}” by {org}, nobody of the role {roles} signed it.",
        "“{act}” 단계가 없습니다: {org}의 “{after}” 이후 {roles} 중 아무도 서명하지 않았습니다.",
    ),
    "before": (
        "缺少“{act}”环节:{org}办理“{before}”之前,没有{roles}办理。",
        "The act “{act}” is missing: before “{before}” by {org}, nobody of the role {roles} signed it.",
        "“{act}” 단계가 없습니다: {org}의 “{before}” 이전 {roles} 중 아무도 서명하지 않았습니다.",
    ),
}
