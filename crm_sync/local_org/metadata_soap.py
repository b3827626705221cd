"""The SOAP Metadata API: deploy and checkDeployStatus, as `sf` and simple-salesforce call them.

Called by soap. Other metadata calls are refused with a fault that says so. Not here: what a deployment does (deployments).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from xml.sax.saxutils import escape

from lxml.etree import _Element

from crm_sync.local_org.access import Access
from crm_sync.local_org.deployments import Component, Deployment
from crm_sync.local_org.identity import user_row
from crm_sync.local_org.metadata_xml import flag, text
from crm_sync.local_org.org import Org
from crm_sync.local_org.soap_envelope import SoapFaultError

NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


def answer(org: Org, access: Access, operation: _Element) -> str:
    """Answer a metadata call with the body of its response."""
    if operation.tag == "deploy":
        return _deploy(org, access, operation)
    if operation.tag == "checkDeployStatus":
        return _check(org, operation)
    raise SoapFaultError("NOT_IMPLEMENTED", f"The embedded org does not implement {operation.tag}.", status=501)


def _deploy(org: Org, access: Access, operation: _Element) -> str:
    if access.objects is not None:
        raise SoapFaultError(
            "INSUFFICIENT_ACCESS", "use of the Metadata API requires a user with Modify Metadata permission"
        )
    try:
        archive = base64.b64decode(text(operation, "ZipFile"))
    except binascii.Error:
        raise SoapFaultError("INVALID_XML", "ZipFile is not base64") from None
    name = str(user_row(org, access.user_id)["Name"])
    done = org.deployments.run(org, archive, flag(operation, "DeployOptions/checkOnly"), access.user_id, name)
    return (
        f"<deployResponse><result><done>false</done><id>{done.id}</id><state>Queued</state></result></deployResponse>"
    )


def _check(org: Org, operation: _Element) -> str:
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
    yield "created", False
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
