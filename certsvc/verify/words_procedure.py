"""Sentences for codes of the procedure family: which act of which organisation broke which rule, with its figures."""

from certsvc.verify.words_terms import Words

PROCEDURE: dict[str, Words] = {
    "procedure_changed": (
        "{org}的“{act}”依据的程序不是证据所附的那一套。",
        "“{act}” by {org} followed another procedure than the one that the evidence holds.",
        "{org}의 “{act}”이(가) 증거에 든 것과 다른 절차를 따랐습니다.",
    ),
    "procedure_track": (
        "所用程序不是该取得方式({track})的程序。",
        "The procedure is not that of the track {track}.",
        "적용 절차가 해당 취득 방식({track})의 것이 아닙니다.",
    ),
    "procedure_unlisted": (
        "信任清单没有把所用程序列为该取得方式的程序。",
        "The trust list does not have the procedure as one of this track.",
        "신뢰 목록에 적용 절차가 해당 취득 방식의 절차로 올라 있지 않습니다.",
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
        "{org}的“{act}”所评的对象(职称、级别、系列、地区、年度等)与申报的不同,或没有写明。",
        "“{act}” by {org} was about another title, level, region or year than was applied for, or does not say what it was about.",
        "{org}의 “{act}” 대상(직함·등급·계열·지역·연도 등)이 신청과 다르거나 적혀 있지 않습니다.",
    ),
    "parts_do_not_sum": (
        "{org}的“{act}”名单的分拆不成立:各部分人数与总数不符,或后一环节所指的部分不存在。",
        "The roster of “{act}” by {org} is not divided rightly: its parts do not make the whole, or the next act is about one that does not exist.",
        "{org}의 “{act}” 명단 분할이 맞지 않습니다: 각 부분의 인원이 전체와 다르거나, 다음 단계가 가리키는 부분이 없습니다.",
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
        "{org}的“{act}”没有指向排在它前面的环节,或没有指向这份证书及其在状态表中的位置。",
        "“{act}” by {org} does not name the act before it here, or does not name this certificate and its place in the status list.",
        "{org}의 “{act}”이(가) 바로 앞의 단계를, 또는 이 증서와 상태표의 그 위치를 가리키지 않습니다.",
    ),
    "order": (
        "{org}的“{act}”顺序不对:与前后的文件先后颠倒,多办了一次,或没有先提议后批准。",
        "“{act}” by {org} is out of order: before or after what it should be, once too often, or without a proposal before the decision.",
        "{org}의 “{act}” 순서가 맞지 않습니다: 앞뒤 문서와 순서가 바뀌었거나, 한 번 더 처리되었거나, 제안 없이 결정되었습니다.",
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
        "证书所指的不是最后一个环节,也不是最后一次更正。",
        "The certificate names another document than the last act, or the last correction.",
        "증서가 가리키는 문서가 마지막 단계나 마지막 정정이 아닙니다.",
    ),
    "role_not_allowed": (
        "{org}的“{act}”所依据的授权,不是该环节所要求的角色的(应为{roles})。",
        "“{act}” by {org} rests on a grant in another role than the act asks for ({roles}).",
        "{org}의 “{act}”이(가) 요구되는 역할({roles})이 아닌 권한에 따라 처리되었습니다.",
    ),
    "signer_not_distinct": (
        "{org}的“{act}”应有 {needed} 个签字,各出自不同的人;实有 {signatures} 个,出自 {found} 人。",
        "“{act}” by {org} does not bear the officers' signatures that it should: {needed}, each of another officer; it bears {signatures}, of {found}.",
        "{org}의 “{act}”에는 서로 다른 {needed}명의 서명이 하나씩 있어야 하나, 서명은 {signatures}개이고 서명자는 {found}명입니다.",
    ),
    "fact_quorum_two_thirds": (
        "{org}的“{act}”:应到 {members} 人,实到 {present} 人:不足三分之二,或所填数字有误。",
        "“{act}” by {org}: {present} of {members} members present: fewer than two thirds, or the figures stated are no possible ones.",
        "{org}의 “{act}”: 위원 {members}명 중 {present}명 출석: 3분의 2 미달이거나 적힌 숫자가 잘못되었습니다.",
    ),
    "fact_yes_two_thirds": (
        "{org}的“{act}”:到会 {present} 人,同意 {yes} 票:不足三分之二,或所填数字有误。",
        "“{act}” by {org}: {yes} of {present} voted yes: fewer than two thirds, or the figures stated are no possible ones.",
        "{org}의 “{act}”: 출석 {present}명 중 찬성 {yes}표: 3분의 2 미달이거나 적힌 숫자가 잘못되었습니다.",
    ),
    "fact_votes_add_up": (
        "{org}的“{act}”:同意 {yes}、反对 {no}、弃权 {abstain},到会 {present} 人:合计不符,或所填数字有误。",
        "“{act}” by {org}: {yes} yes, {no} no and {abstain} abstentions of {present} present: they do not add up, or the figures stated are no possible ones.",
        "{org}의 “{act}”: 찬성 {yes}, 반대 {no}, 기권 {abstain}, 출석 {present}명: 합이 맞지 않거나 적힌 숫자가 잘못되었습니다.",
    ),
    "fact_within_ratio": (
        "{org}的“{act}”:申报 {applied} 人,通过 {passed} 人,核定比例 {approved}%:超过核定比例,核定比例超过规定,没有核定,或程序的写法有误。",
        "“{act}” by {org}: {passed} of {applied} passed, {approved}% approved: more passed than was approved, more was approved than the rule allows, nothing was, or the procedure puts the rule wrongly.",
        "{org}의 “{act}”: 신청 {applied}명 중 {passed}명 통과, 승인 비율 {approved}%: 승인 비율을 넘었거나, 승인 비율이 규정을 넘었거나, 승인되지 않았거나, 절차의 규정이 잘못 적혔습니다.",
    ),
    "fact_within_posts": (
        "{org}的“{act}”:通过 {passed} 人,核定岗位数 {posts}:超过岗位数,或所填数字有误。",
        "“{act}” by {org}: {passed} passed for {posts} approved posts: too many, or the figures stated are no possible ones.",
        "{org}의 “{act}”: {passed}명 통과, 승인 정원 {posts}명: 정원을 넘었거나 적힌 숫자가 잘못되었습니다.",
    ),
    "fact_level_step": (
        "{org}的“{act}”:从现职称级别({current_level})不能这样申报:越级,不在该取得方式允许之列,未写明现职称,或级别、程序的写法有误。",
        "“{act}” by {org}: the level held before ({current_level}) does not lead to this one: a level was skipped, the track does not allow the step, none was stated, or level or rule are put wrongly.",
        "{org}의 “{act}”: 이전 등급({current_level})에서는 이렇게 신청할 수 없습니다: 등급을 건너뛰었거나, 이 취득 방식이 허용하지 않거나, 이전 자격이 기재되지 않았거나, 등급 또는 규정이 잘못 적혔습니다.",
    ),
    "fact_education_check": (
        "{org}的“{act}”:所填评审年度继续教育为专业科目 {professional_hours} 学时、公需科目 {public_hours} 学时(公需至多计 30 学时):不足 90 学时,或学时、程序的写法有误。",
        "“{act}” by {org}: {professional_hours} professional and {public_hours} public hours of continuing education are stated, of which 30 public ones count at most: fewer than 90, or hours or rule are put wrongly.",
        "{org}의 “{act}”: 적힌 계속교육은 전공 {professional_hours}시간, 공통 {public_hours}시간(공통은 30시간까지 인정): 90시간에 미달하거나 시간 또는 규정이 잘못 적혔습니다.",
    ),
    "fact_no_ban": (
        "{org}的“{act}”:申报人被限制申报(自 {ban_from} 起,截止 {ban_until}),未作此项核查,或所填日期有误。",
        "“{act}” by {org}: the applicant was barred from applying (from {ban_from}, last day: {ban_until}), this was not checked, or the days stated are none.",
        "{org}의 “{act}”: 신청 제한(시작 {ban_from}, 마지막 날 {ban_until}) 중이었거나, 확인되지 않았거나, 적힌 날짜가 잘못되었습니다.",
    ),
    "fact_not_exam_series": (
        "{org}的“{act}”:该系列该级别实行考试,不能评定,或程序的写法有误。",
        "“{act}” by {org}: titles of this series and level are given by examination only, or the procedure puts the rule wrongly.",
        "{org}의 “{act}”: 이 계열·등급은 시험으로만 취득하거나, 절차의 규정이 잘못 적혔습니다.",
    ),
    "fact_at_least": (
        "{org}的“{act}”:年限等条件未达到规定,或数字、程序的写法有误。",
        "“{act}” by {org}: years of service or another minimum were not reached, or figures or rule are put wrongly.",
        "{org}의 “{act}”: 근무 연수 등 최소 조건에 미달하거나 숫자 또는 규정이 잘못 적혔습니다.",
    ),
    "fact_at_least_for_level": (
        "{org}的“{act}”:年限等条件未达到该级别的规定,或数字、程序的写法有误。",
        "“{act}” by {org}: years of service or another minimum for this level were not reached, or figures or rule are put wrongly.",
        "{org}의 “{act}”: 해당 등급의 근무 연수 등 최소 조건에 미달하거나 숫자 또는 규정이 잘못 적혔습니다.",
    ),
    "fact_one_of": (
        "{org}的“{act}”:申报人不属于该取得方式规定的人员或类别,没有填写,或程序的写法有误。",
        "“{act}” by {org}: the applicant is none of the kinds of people that this track is for, that was not stated, or the procedure puts the rule wrongly.",
        "{org}의 “{act}”: 신청자가 이 취득 방식의 대상이 아니거나, 해당 사항이 없거나, 절차의 규정이 잘못 적혔습니다.",
    ),
    "fact_county_unit": (
        "{org}的“{act}”:该取得方式只适用于县(市)及以下单位。",
        "“{act}” by {org}: this track is for employers at county level and below only.",
        "{org}의 “{act}”: 이 취득 방식은 현(시) 이하 기관에만 적용됩니다.",
    ),
    "fact_appraised_each_year": (
        "{org}的“{act}”:任现职以来不是每年都有合格的考核,或所填年数有误。",
        "“{act}” by {org}: the applicant was not appraised well in every year at the present level, or the years stated are no possible ones.",
        "{org}의 “{act}”: 현 등급에서 매년 합격 평가를 받지 못했거나 적힌 연수가 잘못되었습니다.",
    ),
    "fact_stage": (
        "{org}的“{act}”:会议的次序与规定不符,没有写明,或程序的写法有误。",
        "“{act}” by {org}: the meetings were not held in the order that is prescribed, it is not said which one it was, or the procedure puts the rule wrongly.",
        "{org}의 “{act}”: 회의 순서가 규정과 다르거나, 몇 번째 회의인지 적혀 있지 않거나, 절차의 규정이 잘못 적혔습니다.",
    ),
    "calendar_unlisted": (
        "{org}的“{act}”所用工作日历不在信任清单中。",
        "“{act}” by {org} used a calendar that the trust list does not have.",
        "{org}의 “{act}”에 신뢰 목록에 없는 근무일력이 쓰였습니다.",
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
        "证书上的{member}有误:与评审结果或所依据的文件不符,前后矛盾,或校验不符。",
        "The {member} on the certificate is wrong: it is not what was decided, is said in two ways, or fails its check character.",
        "증서의 {member}이(가) 잘못되었습니다: 심사 결과나 근거 문서와 다르거나, 앞뒤가 다르거나, 검사 문자가 맞지 않습니다.",
    ),
    "archive_scope": (
        "证书自称是历史数据;历史数据不能由评审过程来证明。",
        "The certificate calls itself an archived title, which no acts can prove.",
        "증서가 과거 자료라고 하지만, 과거 자료는 심사 과정으로 증명할 수 없습니다.",
    ),
    "correction_form": (
        "{org}的更正不合规定:所用文件不是更正,没有写明更正内容,或其理由、生效日期与更正不合。",
        "The correction by {org} is another act, does not say what it corrects, or has a reason or an effect that does not go with it.",
        "{org}의 정정이 규정에 맞지 않습니다: 정정 문서가 아니거나, 정정 내용이 없거나, 사유 또는 효력일이 정정과 맞지 않습니다.",
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
        "{org}批准的“{act}”与所提议的内容不同,或与提议衔接不对。",
        "“{act}” as decided by {org} is not what was proposed, or the two are not linked as a proposal and its decision are.",
        "{org}이(가) 결정한 “{act}”이(가) 제안과 다르거나, 제안과 올바르게 이어지지 않습니다.",
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
