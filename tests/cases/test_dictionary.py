import re
import shutil
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from cases.dictionary import DICTIONARY, FOLDER, BadDictionary, NotAValue, load, read_dictionary, read_value

FORM = FOLDER.parent.parent / "xlsforms" / "questionnaires" / "htcds_xlsform.xlsx"

# The 84 fields of HTCDS 2.0, by section.
HTCDS = """
org_Name org_ShippingCity org_ShippingCountry org_ShippingState org_ShippingStreet org_ShippingPostalCode
org_ShippingLongitude org_ShippingLatitude org_Phone org_Type
prs_Salutation prs_FirstName prs_MiddleName prs_SecondName prs_Birthdate prs_Gender prs_Deceased prs_MaritalStatus
prs_NumberOfChildren prs_PrimaryLanguage prs_SecondaryLanguage prs_HighestLevelOfEducation prs_Citizenship
prs_IdentityNumber prs_Title prs_Email prs_HomePhone prs_MobilePhone prs_MailingCity prs_MailingCountry
prs_MailingState prs_MailingStreet prs_MailingPostalCode prs_MailingLongitude prs_MailingLatitude
vic_AgreementToManagePersonalData vic_TraffickingStatus vic_TraffickingStatusDecisionMakingOrg
vic_RelationshipToTrafficker vic_AgeWhenTrafficked vic_RecruitmentWebsitesAndApps vic_MethodOfRecruitment
vic_LocationOfRecruitment vic_MethodsOfControl vic_TypeOfExploitation vic_ForcedLabourIndustry
vic_TypeOfSexExploitation vic_LocationOfExploitation vic_ExploitationWebsitesAndApps vic_Vulnerabilities
vic_DetailsOfVulnerabilities per_RoleInProcess per_RoleDetails per_Organisation
cas_Status cas_ReasonForCaseClosure cas_CaseOwner cas_ReferringOrganisation cas_IncomingReferralDate
cas_ReferringPrimaryCaseWorker cas_ReasonForIncomingReferral cas_IncomingReferralDetails cas_ReferredOrganisation
cas_ReferredPrimaryCaseWorker cas_ReasonForOutgoingReferral cas_OutgoingReferralDate cas_OutgoingReferralDetails
cco_CaseComment hte_Longitude hte_Latitude hte_City hte_Country hte_State hte_Street hte_PostalCode hte_Date
hte_Type hte_Description spl_Objectives spl_ActionPlan spl_PlannedEndDate spl_ActualEndDate spl_Type con_Consent
"""

LISTS = {
    "gender": "person.gender",
    "citizenship": "person.citizenship",
    "methodofrecruitment": "exploitation.recruitment_methods",
    "traffickingstatus": "decision.status",
    "traffickingstatusdecisionmakingorg": "decision.org",
    "methodsofcontrol": "exploitation.methods_of_control",
    "typeofexploitation": "exploitation.types",
    "forcedlabourindustry": "exploitation.industry",
    "typeofsexexploitation": "exploitation.sex_types",
    "status": "case.reported_status",
}


def test_every_field_of_htcds_is_reached_by_one_field():
    assert len(HTCDS.split()) == 84
    named = Counter(name for field in DICTIONARY.fields.values() for name in field.htcds.split())
    assert named == Counter(HTCDS.split())


def test_every_code_of_the_htcds_form_is_a_code_of_the_field_that_takes_it():
    rows = openpyxl.load_workbook(FORM)["choices"].iter_rows(min_row=2, values_only=True)
    seen = 0
    for list_name, code, *_ in rows:
        if list_name in LISTS:
            field = DICTIONARY.field(LISTS[list_name])
            assert str(code).strip() in DICTIONARY.codes(field.codes), (list_name, code)
            seen += 1
    assert seen > 300


def test_our_own_codes_stand_behind_those_of_the_standard():
    control = list(DICTIONARY.codes("method_of_control"))
    assert control[15:] == ["Other", "restricts_movement", "uses_children"]
    assert list(DICTIONARY.codes("exploitation_type"))[-1] == "forced_criminality"
    assert "common_law" in DICTIONARY.codes("marital_status")
    assert {"stateless", "unknown", "BZ"} <= DICTIONARY.codes("country").keys()


def test_each_of_the_67_signs_is_a_field_of_screening_with_five_states():
    signs = [field for name, field in DICTIONARY.fields.items() if name.startswith("screening.indicator.")]
    assert len(signs) == len(DICTIONARY.indicators) == 67
    assert {field.codes for field in signs} == {"sign_state"}
    assert list(DICTIONARY.codes("sign_state")) == ["present", "absent", "unknown", "refused", "not_asked"]
    assert Counter(sign.dimension for sign in DICTIONARY.indicators) == Counter(
        {"D1": 10, "D2": 10, "D3": 16, "D4": 9, "D5": 15, "D6": 7}
    )
    assert sum(1 for sign in DICTIONARY.indicators if sign.weights["child_labour"]) == 65


@pytest.mark.parametrize(
    "name",
    [
        *["person.alias", "movement.date", "exploitation.types", "screening.indicator.des_debt", "case.district"],
        *["screening.flag.pur_sexual", "screening.flag.exploiter_near", "screening.flag.removal_within_24h"],
        *["screening.flag.unaccompanied_child", "screening.act.recruited", "screening.act.handed_over"],
        *["consent.purpose", "referral.body", "service.status", "task.due", "note.text", "perpetrator.alias"],
    ],
)
def test_the_names_that_forms_and_rules_rely_on_exist(name: str):
    assert DICTIONARY.field(name) is not None


@pytest.mark.parametrize(
    ("cls", "names"),
    [
        ("identity", "person.alias person.first_name person.birthdate person.gender identity_doc.number"),
        ("identity", "person.migration_status relation.name consent.guardian_name person.age"),
        ("contact", "person.mobile_phone contact_point.value contact_point.what_to_say incident.caller_contact"),
        ("location", "screening.place screening.point exploitation.place movement.place person.address_street"),
        ("location", "service.provider organisation.street"),
        ("narrative", "note.text incident.description visit.wish decision.basis task.text alert.message"),
        ("health", "screening.flag.pregnancy screening.flag.suicide_talk person.difficulty_seeing visit.health"),
        ("suspect", "perpetrator.alias perpetrator.sex incident.vehicle"),
        ("coded", "case.code case.district case.opened_on screening.urgency screening.indicator.des_violence"),
    ],
)
def test_what_could_expose_somebody_is_sealed(cls: str, names: str):
    for name in names.split():
        field = DICTIONARY.field(name)
        assert (field.cls, field.sealed) == (cls, cls != "coded"), name


def test_nothing_in_clear_can_hold_words_of_its_own():
    for field in DICTIONARY.fields.values():
        if not field.sealed:
            assert field.type not in ("geopoint", "file"), field.name
            assert field.type != "text" or field.pattern, field.name
    assert not re.fullmatch(DICTIONARY.field("screening.operation").pattern, "OP Maria Lopez")


def test_all_of_a_perpetrator_is_apart_from_the_rest():
    assert {field.cls for field in DICTIONARY.fields_of("perpetrator")} == {"suspect"}


def test_everything_has_words_in_english_and_spanish():
    labelled = [*DICTIONARY.fields.values(), *DICTIONARY.records.values(), *DICTIONARY.indicators]
    words = [thing.labels for thing in labelled] + [w for codes in DICTIONARY.lists.values() for w in codes.values()]
    assert all(label.get("en") and label.get("es") for label in words)
    assert DICTIONARY.label("case.district", "es") == "Distrito"
    assert DICTIONARY.label("absent", "es", codes="sign_state") == "No"
    assert DICTIONARY.label(DICTIONARY.records["case"], "es") == "Caso"
    assert DICTIONARY.label("TIP-7K3Q-9", "es") == "TIP-7K3Q-9"


def test_roots_have_keys_of_their_own_and_the_others_lie_under_one():
    roots = {kind for kind, record in DICTIONARY.records.items() if record.is_root}
    assert roots == {"case", "person", "incident", "perpetrator", "screening", "organisation"}
    assert {record.root for record in DICTIONARY.records.values()} <= roots


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("person.alais", "person.alias"),
        ("screening.indicator.des_det", "screening.indicator.des_debt"),
        ("persn.alias", "person.alias"),
        ("case.distrct", "case.district"),
        ("screening.alias_of_nobody", None),
    ],
)
def test_a_misspelt_field_brings_the_nearest_one_to_mind(wrong: str, meant: str | None):
    assert DICTIONARY.nearest(wrong) == meant


def test_the_dictionary_is_read_once():
    assert load() is DICTIONARY


def spoilt(folder: Path, file: str, before: str, after: str) -> tuple[str, int]:
    """The message that a dictionary with this change is refused with, and the line of the change."""
    shutil.copytree(FOLDER, folder)
    path = folder / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(BadDictionary) as refused:
        read_dictionary(folder)
    return str(refused.value), text[: text.index(before)].count("\n") + 1


@pytest.mark.parametrize(
    ("file", "before", "after", "told"),
    [
        ("fields.csv", "person.alias,text", "person.alias,txt", "type is 'txt'"),
        (
            "fields.csv",
            "person.alias,text,yes,identity",
            "person.alias,text,yes,coded",
            "free text may not stand in clear",
        ),
        ("fields.csv", "person.alias,text,yes,identity", "person.alias,text,yes,secret", "class is 'secret'"),
        ("fields.csv", "person.alias,text,yes", "person.alias,text,no", "mode add needs a field that holds many"),
        ("fields.csv", "person.email,", "person.alias,", "'person.alias' stands there twice"),
        (
            "fields.csv",
            "task.kind,code,no,coded,task_kind",
            "task.kind,code,no,coded,task_kinds",
            "no list 'task_kinds'",
        ),
        ("fields.csv", "screening.point,geopoint,no,location", "screening.point,geopoint,no,health", "class location"),
        ("fields.csv", "perpetrator.sex,code,no,suspect", "perpetrator.sex,code,no,coded", "of class suspect"),
        ("fields.csv", "case.district,", "cases.district,", "'cases' is not a kind of record"),
        ("fields.csv", '"[A-Z]{2,4}-[0-9]{1,5}"', '"[A-Z"', "the pattern does not parse"),
        ("fields.csv", "case.district,code", 'case.district,"co,de",code', "columns"),
        ("codes.csv", "sign_state,unknown,3", "sign_state,present,3", "'present' stands twice"),
        ("codes.csv", "sign_state,unknown,3", "sign_state,unknown,4", "expected 3"),
        ("codes.csv", "sign_state,unknown,3,", "sign_state,un known,3,", "not a code"),
        ("codes.csv", "sign_state,absent,2,No,No", "sign_state,absent,2,No,", "label_es is empty"),
        ("records.csv", "goal,case,support_plan", "goal,case,suport_plan", "'suport_plan' is not a kind of record"),
        ("records.csv", "goal,case,", "goal,task,", "root 'task' has no key of its own"),
        ("indicators.csv", "dec_job,D1", "dec_job,D7", "dimension is 'D7'"),
    ],
)
def test_a_bad_row_is_refused_by_file_and_line(tmp_path: Path, file: str, before: str, after: str, told: str):
    message, line = spoilt(tmp_path / "dictionary", file, before, after)
    assert message.startswith(f"{file} line {line}: ")
    assert told in message


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("person.alias", "  Luna ", "Luna"),
        ("person.children", "3", 3),
        ("person.children", "3.0", 3),
        ("exploitation.debt_amount", "1500.50", "1500.50"),
        ("person.birthdate", "1999-04-02", "1999-04-02"),
        ("person.birthdate", "1999-04-02T00:00:00.000-06:00", "1999-04-02"),
        ("task.due", "2026-05-03T14:10:00.000-06:00", "2026-05-03T20:10:00.000Z"),
        ("contact_point.safe", "yes", True),
        ("contact_point.safe", "0", False),
        ("case.district", "cayo", "cayo"),
        ("screening.dangers", "watched weapon watched", ["watched", "weapon"]),
        ("movement.point", "17.25 -88.77 0 0", "17.25 -88.77 0 0"),
        ("screening.operation", "OP-12", "OP-12"),
    ],
)
def test_an_answer_reads_as_a_value_of_its_field(name: str, text: str, value: object):
    assert read_value(DICTIONARY.field(name), text, DICTIONARY) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("person.alias", " "),
        ("person.children", "three"),
        ("person.children", "2.5"),
        ("person.children", "1e999999999"),
        ("person.children", "NaN"),
        ("exploitation.debt_amount", "Infinity"),
        ("person.birthdate", "1999-02-30"),
        ("person.birthdate", "last spring"),
        ("task.due", "soon"),
        ("contact_point.safe", "unsure"),
        ("case.district", "Cayo District"),
        ("screening.dangers", "watched volcano"),
        ("movement.point", "91 0"),
        ("movement.point", "17.25"),
        ("screening.operation", "OP Maria Lopez"),
    ],
)
def test_what_is_no_value_is_refused_without_repeating_it(name: str, text: str):
    with pytest.raises(NotAValue) as refused:
        read_value(DICTIONARY.field(name), text, DICTIONARY)
    assert name in str(refused.value)
    assert not text.strip() or text not in str(refused.value)


def test_what_the_server_computes_is_what_a_screening_adds_up_to():
    computed = {name for name, field in DICTIONARY.fields.items() if field.computed}
    assert computed == {
        f"screening.{key}" for key in ["class_low", "class_high", "dimensions", "urgency", "rule_set", "reasons"]
    }
