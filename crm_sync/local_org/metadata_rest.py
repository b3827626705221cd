"""The REST Metadata API: deploy a zipped package and ask what became of it.

Answers `/metadata/deployRequest...`. Not here: what a deployment does (deployments).
"""

from __future__ import annotations

from typing import Any

import orjson

from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.deployments import Deployment
from crm_sync.local_org.errors import OrgError, not_found
from crm_sync.local_org.identity import user_row
from crm_sync.local_org.metadata_soap import component_facts
from crm_sync.local_org.multipart import parts
from crm_sync.local_org.org import Org


def deploy(org: Org, call: Call) -> Reply:
    """Deploy the `file` part with the options of the JSON part: 201."""
    if call.user.objects is not None:
        raise OrgError("INSUFFICIENT_ACCESS", "use of the Metadata API requires a user with Modify Metadata permission")
    if call.headers.get("content-type", "").startswith("application/json"):
        return _deploy_validated(org, call)
    found = parts(call)
    options = orjson.loads(found.get("entity_content") or found.get("json") or b"{}").get("deployOptions") or {}
    name = str(user_row(org, call.user.user_id)["Name"])
    done = org.deployments.run(org, found.get("file", b""), options.get("checkOnly") is True, call.user.user_id, name)
    pending = {"id": done.id, "success": False, "done": False, "checkOnly": done.check_only, "status": "Pending"}
    return Reply(
        201, {"id": done.id, "validatedDeployRequestId": None, "deployOptions": options, "deployResult": pending}
    )


def _deploy_validated(org: Org, call: Call) -> Reply:
    """Deploy what was validated before: 201."""
    validation_id = str(call.json_object().get("validatedDeployRequestId", ""))
    name = str(user_row(org, call.user.user_id)["Name"])
    done = org.deployments.run_validated(org, validation_id, call.user.user_id, name)
    if done is None:
        raise OrgError("INVALID_ID_FIELD", "the validation is unknown or was deployed already")
    return Reply(201, {"id": done.id, "validatedDeployRequestId": validation_id, "deployResult": _result(done)})


def tell(org: Org, call: Call, deployment_id: str) -> Reply:
    """Tell what became of a deployment."""
    found = org.deployments.done.get(deployment_id)
    if found is None:
        raise not_found()
    result = _result(found) | ({"details": _details(found)} if call.flag("includeDetails") else {})
    return Reply(200, {"id": found.id, "deployResult": result, "deployOptions": {"checkOnly": found.check_only}})


def _result(done: Deployment) -> dict[str, Any]:
    return {
        "id": done.id,
        "status": "Succeeded" if done.success else "Failed",
        "done": True,
        "success": done.success,
        "checkOnly": done.check_only,
        "ignoreWarnings": True,
        "rollbackOnError": True,
        "createdBy": done.user_id,
        "createdByName": done.user_name,
        "createdDate": done.at,
        "startDate": done.at,
        "lastModifiedDate": done.at,
        "completedDate": done.at,
        "numberComponentsTotal": len(done.components),
        "numberComponentsDeployed": len(done.components) if done.success else 0,
        "numberComponentErrors": len(done.errors),
        "numberTestsTotal": 0,
        "numberTestsCompleted": 0,
        "numberTestErrors": 0,
        "stateDetail": None,
        "runTestsEnabled": False,
    }


def _details(done: Deployment) -> dict[str, Any]:
    told = [(c.is_error, dict(component_facts(done, c))) for c in done.components]
    return {
        "componentSuccesses": [facts for is_error, facts in told if not is_error],
        "componentFailures": [facts for is_error, facts in told if is_error],
        "runTestResult": {
            "numFailures": 0,
            "numTestsRun": 0,
            "totalTime": 0.0,
            "codeCoverage": [],
            "failures": [],
            "successes": [],
        },
    }
