"""A home-made object of dated health rows with a lookup to Account, put into a local org as an admin would deploy it."""

from __future__ import annotations

from tests.local_place import Place

OBJECT = "Customer_Health__c"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://soap.sforce.com/2006/04/metadata"'

_OBJECT = f"""{HEAD}<CustomObject {NAMESPACE}>
  <label>Customer Health</label><pluralLabel>Customer Health</pluralLabel>
  <nameField><label>Number</label><type>AutoNumber</type><displayFormat>CH-{{00000}}</displayFormat></nameField>
  <deploymentStatus>Deployed</deploymentStatus><sharingModel>ReadWrite</sharingModel>
</CustomObject>
"""
_FIELDS = {
    "Account__c": "<label>Account</label><type>Lookup</type><referenceTo>Account</referenceTo>"
    "<relationshipName>Customer_Health</relationshipName><relationshipLabel>Customer Health</relationshipLabel>",
    "Score__c": "<label>Score</label><type>Number</type><precision>5</precision><scale>1</scale>",
    "Scored_On__c": "<label>Scored On</label><type>Date</type>",
    "Healthy_Since__c": "<label>Healthy Since</label><type>Date</type>",
    "Trend__c": "<label>Trend</label><type>Text</type><length>40</length>",
    "Risk__c": "<label>Risk</label><type>Text</type><length>40</length>",
    "Band__c": "<label>Band</label><type>Text</type><length>40</length>",
}


def health_object(place: Place) -> None:
    """Deploy the object, its fields, and the integration user's right to read them."""
    folder = f"main/default/objects/{OBJECT}"
    files = {f"{folder}/{OBJECT}.object-meta.xml": _OBJECT}
    for name, inner in _FIELDS.items():
        field = f"{HEAD}<CustomField {NAMESPACE}><fullName>{name}</fullName>{inner}</CustomField>\n"
        files[f"{folder}/fields/{name}.field-meta.xml"] = field
    place.control("POST", "metadata", {"files": files})
