"""Where the shipped presets look for health, put into a local org as an admin or a vendor's package would deploy it."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from tests.local_place import Place

OBJECT = "Customer_Health__c"
"""A home-made object of dated rows of health with a lookup to Account."""
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
CUSTOMER = "JBCXM__CustomerInfo__c"
SCORE = "JBCXM__ScoringSchemeDefinition__c"


def _text(length: int = 40) -> str:
    return f"<type>Text</type><length>{length}</length>"


def _lookup(to: str, name: str) -> str:
    return f"<type>Lookup</type><referenceTo>{to}</referenceTo><relationshipName>{name}</relationshipName>"


NUMBER = "<type>Number</type><precision>5</precision><scale>1</scale>"
DATE = "<type>Date</type>"
HOMES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "account-fields": {
        "Account": {
            "Customer_Health__c": _text(),
            "Customer_Health_Since__c": DATE,
            "Customer_Health_Trend__c": _text(),
            "Churn_Risk_Level__c": _text(),
            "Next_Renewal__c": DATE,
        }
    },
    "customer-health": {
        OBJECT: {
            "Account__c": _lookup("Account", "Customer_Health"),
            "Score__c": NUMBER,
            "Scored_On__c": DATE,
            "Healthy_Since__c": DATE,
            "Trend__c": _text(),
            "Risk__c": _text(),
            "Band__c": _text(),
        }
    },
    "gainsight": {
        SCORE: {"JBCXM__Score__c": NUMBER},
        CUSTOMER: {
            "JBCXM__Account__c": _lookup("Account", "Customer_Infos"),
            "JBCXM__CurScoreId__c": _lookup(SCORE, "Current_Of"),
            "JBCXM__PrevScoreId__c": _lookup(SCORE, "Previous_Of"),
            "JBCXM__NextRenewalDate__c": DATE,
            "Overall_Score__c": NUMBER,
            "Score_Trend__c": _text(),
        },
    },
    "gainsight-nxt": {
        "Account": {
            "Gainsight_Score__c": NUMBER,
            "Gainsight_Score_Trend__c": _text(),
            "Gainsight_Risk__c": _text(),
            "Gainsight_Renewal_Date__c": DATE,
        }
    },
    "totango": {"Account": {"totango__Totango_Account_Health__c": _text(32)}},
    "churnzero": {
        "Account": {
            "ChurnScore__c": NUMBER,
            "ChurnScore_Trend__c": _text(),
            "ChurnZero_Risk__c": _text(),
            "ChurnZero_Renewal_Date__c": DATE,
        }
    },
}
"""The objects and fields of each preset: field by field the XML that makes it. The local org computes no formulas, so
Gainsight's two are plain fields here."""


def deploy_home(base_url: str, preset: str) -> None:
    """Deploy a preset's objects and fields, and the integration user's right to read them."""
    files = {path: xml for name, fields in HOMES[preset].items() for path, xml in _files(name, fields).items()}
    answer = requests.post(f"{base_url}/_control/metadata", json={"files": files}, timeout=30)
    assert answer.ok, answer.text


def health_object(place: Place) -> None:
    """Deploy the home-made object."""
    deploy_home(place.running.base_url, "customer-health")


def _files(name: str, fields: Mapping[str, str]) -> Mapping[str, str]:
    folder = f"main/default/objects/{name}"
    made = {f"{folder}/{name}.object-meta.xml": _object(name)} if name.endswith("__c") else {}
    for field, inner in fields.items():
        label = f"<label>{field.removesuffix('__c').replace('_', ' ')}</label>"
        xml = f"{HEAD}<CustomField {NAMESPACE}><fullName>{field}</fullName>{label}{inner}</CustomField>\n"
        made[f"{folder}/fields/{field}.field-meta.xml"] = xml
    return made


def _object(name: str) -> str:
    label = name.removesuffix("__c").rpartition("__")[2].replace("_", " ")
    return f"""{HEAD}<CustomObject {NAMESPACE}>
  <label>{label}</label><pluralLabel>{label}</pluralLabel>
  <nameField><label>Number</label><type>AutoNumber</type><displayFormat>N-{{00000}}</displayFormat></nameField>
  <deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel>
</CustomObject>
"""
