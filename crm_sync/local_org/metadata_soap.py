"""The SOAP Metadata API: deploying, retrieving and listing, as `sf`, CumulusCI and simple-salesforce call it.

Called by soap. Other metadata calls are refused with a fault that says so. Not here: what a deployment does (deployments), what
is retrieved (retrieval).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from xml.sax.saxutils import escape

from lxml.etree import _Element

from crm_sync.local_org import metadata_kinds, retrieval
from crm_sync.local_org.access import Access
from crm_sync.local_org.clock import stamp
from crm_sync.local_org.deployments import Component, Deployment
from crm_sync.local_org.identity import user_row
from crm_sync.local_org.metadata_xml import flag, text
from crm_sync.local_org.org import Org
from crm_sync.local_org.soap_envelope import SoapFaultError

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def answer(org: Org, access: Access, operation: _Element) -> str:
    """Answer a metadata call with the body of its response."""
    if operation.tag in _FOR_ADMINISTRATORS and access.objects is not None:
        raise SoapFaultError(
            "INSUFFICIENT_ACCESS", "use of the Metadata API requires a user with Modify Metadata permission"
        )
    if operation.tag not in _OPERATIONS:
        raise SoapFaultError("NOT_IMPLEMENTED", f"The embedded org does not implement {operation.tag}.", status=501)
    return _OPERATIONS[operation.tag](org, access, operation)


def _deploy(org: Org, access: Access, operation: _Element) -> str:
    try:
        archive = base64.b64decode(text(operation, "ZipFile"))
    except binascii.Error:
        raise SoapFaultError("INVALID_XML", "ZipFile is not base64") from None
    name = str(user_row(org, access.user_id)["Name"])
    done = org.deployments.run(org, archive, flag(operation, "DeployOptions/checkOnly"), access.user_id, name)
    return (
        f"<deployResponse><result><done>false</done><id>{done.id}</id><state>Queued</state></result></deployResponse>"
    )


def _deploy_validated(org: Org, access: Access, operation: _Element) -> str:
    name = str(user_row(org, access.user_id)["Name"])
    done = org.deployments.run_validated(org, text(operation, "validationId"), access.user_id, name)
    if done is None:
        raise SoapFaultError("INVALID_ID_FIELD", "the validation is unknown or was deployed already")
    return f"<deployRecentValidationResponse><result>{done.id}</result></deployRecentValidationResponse>"


def _check(org: Org, access: Access, operation: _Element) -> str:
    found = org.deployments.done.get(text(operation, "asyncProcessId"))
    if found is None:
        raise SoapFaultError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    details = _details(found) if flag(operation, "includeDetails") else ""
    return f"<checkDeployStatusResponse><result>{_summary(found)}{details}</result></checkDeployStatusResponse>"


def _tag(name: str, value: object) -> str:
    shown = str(value).lower() if isinstance(value, bool) else escape(str(value))
    return f"<{name}>{shown}</{name}>"


def _summary(done: Deployment) -> str:
    told = {
        "checkOnly": done.check_only,
        "completedDate": done.at,
        "createdBy": done.user_id,
        "createdByName": done.user_name,
        "createdDate": done.at,
        "done": True,
        "id": done.id,
        "ignoreWarnings": True,
        "lastModifiedDate": done.at,
        "numberComponentErrors": len(done.errors),
        "numberComponentsDeployed": len(done.components) - len(done.errors) if done.success else 0,
        "numberComponentsTotal": len(done.components),
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
        "rollbackOnError": True,
        "runTestsEnabled": False,
        "startDate": done.at,
        "status": "Succeeded" if done.success else "Failed",
        "success": done.success,
    }
    return "".join(_tag(name, value) for name, value in told.items())


def _details(done: Deployment) -> str:
    parts = "".join(_component(done, c) for c in done.components)
    tests = "<runTestResult><numFailures>0</numFailures><numTestsRun>0</numTestsRun><totalTime>0.0</totalTime></runTestResult>"
    return f"<details>{parts}{tests}</details>"


def _component(done: Deployment, component: Component) -> str:
    name = "componentFailures" if component.is_error else "componentSuccesses"
    inside = "".join(_tag(tag, value) for tag, value in component_facts(done, component))
    return f"<{name}>{inside}</{name}>"


def component_facts(done: Deployment, component: Component) -> Iterator[tuple[str, object]]:
    """Give what both APIs tell of a component."""
    yield "changed", not component.is_error and not done.check_only
    yield "componentType", component.type
    yield "created", component.created
    yield "createdDate", done.at
    yield "deleted", False
    yield "fileName", component.file_name
    yield "fullName", component.full_name
    if component.line is not None:
        yield "lineNumber", component.line
    if component.problem:
        yield "problem", component.problem
        yield "problemType", "Error" if component.is_error else "Warning"
    yield "success", not component.is_error


def _describe(org: Org, access: Access, operation: _Element) -> str:
    kinds = "".join(f"<metadataObjects>{_kind(kind)}</metadataObjects>" for kind in metadata_kinds.KINDS)
    about = "<organizationNamespace></organizationNamespace><partialSaveAllowed>true</partialSaveAllowed>"
    return (
        f"<describeMetadataResponse><result>{kinds}{about}<testRequired>false</testRequired></result>"
        "</describeMetadataResponse>"
    )


def _kind(kind: metadata_kinds.Kind) -> str:
    children = metadata_kinds.CHILDREN.values() if kind is metadata_kinds.OBJECT else ()
    inside = "".join(_tag("childXmlNames", child) for child in children)
    told = {
        "directoryName": kind.directory,
        "inFolder": kind.has_folders,
        "metaFile": kind.suffix == "cls",
        "suffix": kind.suffix,
        "xmlName": kind.name,
    }
    return inside + "".join(_tag(name, value) for name, value in told.items())


def _list(org: Org, access: Access, operation: _Element) -> str:
    queries = [(_known(text(query, "type")), text(query, "folder")) for query in operation.findall("queries")]
    listed = [
        component
        for component in retrieval.listed(org.files, (kind for kind, _ in queries))
        if any(
            component.type == kind and component.full_name.startswith(f"{folder}/" if folder else "")
            for kind, folder in queries
        )
    ]
    found = "".join(f"<result>{_properties(org, access, c)}</result>" for c in listed)
    return f"<listMetadataResponse>{found}</listMetadataResponse>"


def _known(kind: str) -> str:
    """Give the name of a kind of component; nobody can say of another that the org holds none."""
    if metadata_kinds.by_name(kind) or kind in metadata_kinds.CHILDREN.values() or kind in metadata_kinds.FOLDER_KINDS:
        return kind
    raise SoapFaultError("NOT_IMPLEMENTED", f"The embedded org has no components of type {kind}.", status=501)


def _properties(org: Org, access: Access, component: Component) -> str:
    name, at = user_row(org, access.user_id)["Name"], stamp(org.clock.now())
    told = {
        "createdById": access.user_id,
        "createdByName": name,
        "createdDate": at,
        "fileName": component.file_name,
        "fullName": component.full_name,
        "lastModifiedById": access.user_id,
        "lastModifiedByName": name,
        "lastModifiedDate": at,
        "manageableState": "unmanaged",
        "type": component.type,
    }
    return "".join(_tag(tag, value) for tag, value in told.items())


def _retrieve(org: Org, access: Access, operation: _Element) -> str:
    unpackaged = operation.find("*/unpackaged")  # below retrieveRequest, which jsforce calls request
    if unpackaged is None or operation.find("*/packageNames") is not None:
        raise SoapFaultError("NOT_IMPLEMENTED", "The embedded org retrieves unpackaged components only.", status=501)
    wanted = [
        (_known(text(t, "name")), (m.text or "").strip())
        for t in unpackaged.findall("types")
        for m in t.findall("members")
    ]
    found = org.retrievals.add(retrieval.retrieved(org.files, wanted, text(unpackaged, "version") or "63.0"))
    return (
        f"<retrieveResponse><result><done>false</done><id>{found}</id><state>Queued</state></result></retrieveResponse>"
    )


def _check_retrieve(org: Org, access: Access, operation: _Element) -> str:
    retrieval_id = text(operation, "asyncProcessId")
    found = org.retrievals.find(retrieval_id)
    if found is None:
        raise SoapFaultError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    files = "".join(f"<fileProperties>{_properties(org, access, c)}</fileProperties>" for c in found.components)
    problems = "".join(
        f"<messages>{_tag('fileName', 'package.xml')}{_tag('problem', problem)}</messages>"
        for problem in found.problems
    )
    packed = (
        "" if text(operation, "includeZip") == "false" else _tag("zipFile", base64.b64encode(found.archive).decode())
    )
    state = f"<status>Succeeded</status><success>true</success>{packed}"
    return (
        f"<checkRetrieveStatusResponse><result><done>true</done>{files}{_tag('id', retrieval_id)}{problems}{state}"
        "</result></checkRetrieveStatusResponse>"
    )


def _check_any(org: Org, access: Access, operation: _Element) -> str:
    """Answer the older way to ask whether a deployment or a retrieval has ended, which CumulusCI still uses."""
    asked = text(operation, "asyncProcessId")
    if asked not in org.deployments.done and org.retrievals.find(asked) is None:
        raise SoapFaultError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    told = f"<done>true</done>{_tag('id', asked)}<state>Completed</state>"
    return f"<checkStatusResponse><result>{told}</result></checkStatusResponse>"


_FOR_ADMINISTRATORS = {"deploy", "deployRecentValidation", "retrieve", "checkRetrieveStatus", "listMetadata"}
_OPERATIONS = {
    "checkDeployStatus": _check,
    "checkRetrieveStatus": _check_retrieve,
    "checkStatus": _check_any,
    "deploy": _deploy,
    "deployRecentValidation": _deploy_validated,
    "describeMetadata": _describe,
    "listMetadata": _list,
    "retrieve": _retrieve,
}
