"""What the three questionnaires for people with a case must lead into the record."""

import openpyxl
import pytest

from cases.dictionary import DICTIONARY
from cases.mapping import RecordAction
from tests.xlsforms.questionnaires.shipped import shipped, workbook_of

OPEN_CASES = ("identification_interview", "needs_and_risk", "referral_and_consent")
# The core of the data standard, but for positions of workers and what this server knows itself: stage, owner, closing.
CORE = {
    "prs_Salutation prs_FirstName prs_SecondName prs_Birthdate prs_Gender prs_Citizenship prs_Email prs_HomePhone",
    "prs_MobilePhone prs_MailingCity prs_MailingCountry prs_MailingState prs_MailingStreet prs_MailingPostalCode",
    "vic_TraffickingStatus vic_TraffickingStatusDecisionMakingOrg vic_MethodOfRecruitment vic_LocationOfRecruitment",
    "vic_MethodsOfControl vic_TypeOfExploitation vic_ForcedLabourIndustry vic_TypeOfSexExploitation",
    "vic_LocationOfExploitation vic_Vulnerabilities vic_DetailsOfVulnerabilities con_Consent",
    "cas_ReferringOrganisation cas_IncomingReferralDate cas_ReferringPrimaryCaseWorker cas_ReasonForIncomingReferral",
    "cas_IncomingReferralDetails",
}


def fed(form: str) -> set[str]:
    mapping = shipped(form).mapping
    assert mapping is not None
    return {mapping.field_name(rule) for rule in mapping.fields}


def test_the_office_interview_covers_the_core_of_the_data_standard() -> None:
    told = {name for field in fed("identification_interview") for name in DICTIONARY.fields[field].htcds.split()}

    assert {name for names in CORE for name in names.split()} - told == set()


def test_the_office_interview_confirms_or_denies_every_sign_act_and_purpose() -> None:
    wanted = ("screening.indicator.", "screening.act.", "screening.flag.pur_")
    signs = {name for name in DICTIONARY.fields if name.startswith(wanted)}

    assert len(signs) == 67 + 5 + 8
    assert signs <= fed("identification_interview")


def test_a_sign_stands_at_not_asked_until_somebody_marks_it() -> None:
    sheet = openpyxl.load_workbook(workbook_of("identification_interview"))["survey"]
    head = {cell.value: number for number, cell in enumerate(sheet[1])}
    rows = [[cell.value or "" for cell in row] for row in sheet.iter_rows(min_row=2)]
    marked = [row for row in rows if row[head["type"]] == "select_one confirm"]

    assert len(marked) == 80
    assert {row[head["default"]] for row in marked} == {"not_asked"}


@pytest.mark.parametrize("form", OPEN_CASES)
def test_it_takes_a_case_that_is_there_and_makes_none(form: str) -> None:
    mapping = shipped(form).mapping
    assert mapping is not None
    actions = {rule.kind: rule.action for rule in mapping.records if rule.kind in ("case", "person")}

    assert set(actions.values()) == {RecordAction.FIND}


def test_each_body_has_its_own_yes_or_no_and_its_own_referral() -> None:
    mapping = shipped("referral_and_consent").mapping
    assert mapping is not None
    repeats = {rule.alias: rule.repeat for rule in mapping.records if rule.repeat}

    assert repeats["consent_share"] == repeats["referral"] == repeats["check_task"] == "/data/bodies"
    assert {"consent.items", "consent.limits", "consent.until", "consent.assent", "consent.signature"} <= fed(
        "referral_and_consent"
    )


def test_needs_and_safety_asks_all_domains_and_the_six_questions_on_disability() -> None:
    told = fed("needs_and_risk")
    levels = {field.name for field in DICTIONARY.fields_of("risk_assessment") if field.codes == "risk_level"}

    assert levels <= told
    assert {name for name in DICTIONARY.fields if name.startswith("person.difficulty_")} <= told
    assert {"need.type", "service.status", "support_plan.types", "goal.text", "task.due_on", "relation.at_risk"} <= told
