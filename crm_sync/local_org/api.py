"""Every route below `/services/data/vXX.0`, in one table.

Built once by server and asked through dispatch. What is listed as unsupported answers 501; anything else 404.
"""

from __future__ import annotations

from crm_sync.local_org import (
    bulk_ingest,
    bulk_query,
    composite,
    describe,
    metadata_rest,
    query,
    replication,
    resources,
    rows,
    search,
    sobject_collections,
    tooling,
    tree,
)
from crm_sync.local_org.calls import Call, Reply
from crm_sync.local_org.errors import not_implemented
from crm_sync.local_org.org import Org
from crm_sync.local_org.router import Router

UNSUPPORTED = (
    "actions",
    "analytics",
    "appmenu",
    "async-queries",
    "chatter",
    "commerce",
    "compactlayouts",
    "connect",
    "consent",
    "dedupe",
    "eclair",
    "event",
    "fingerprint",
    "folders",
    "graphql",
    "jsonxform",
    "knowledgemanagement",
    "licensing",
    "match",
    "metadata",
    "nouns",
    "process",
    "quickactions",
    "recent",
    "search",
    "sobjects",
    "support",
    "tabs",
    "theme",
    "tooling",
    "ui-api",
    "wave",
)


def build() -> Router:
    """Build the route table."""
    router = Router(UNSUPPORTED)
    router.add("", GET=resources.resource_map)
    router.add("limits", GET=resources.limits)
    router.add("limits/recordCount", GET=resources.record_count)
    _objects(router)
    _queries(router)
    _composites(router)
    _jobs(router)
    router.add("tooling/query", GET=tooling.run)
    router.add("tooling/sobjects/{object}/describe", GET=tooling.describe)
    router.add("metadata/deployRequest", POST=metadata_rest.deploy)
    router.add("metadata/deployRequest/{id}", GET=metadata_rest.tell)
    return router


def _objects(router: Router) -> None:
    router.add("sobjects", GET=describe.describe_global)
    router.add("sobjects/{object}", GET=describe.basic, POST=rows.create)
    router.add("sobjects/{object}/describe", GET=describe.describe)
    router.add("sobjects/{object}/updated", GET=replication.updated)
    router.add("sobjects/{object}/deleted", GET=replication.deleted)
    router.add("sobjects/{object}/{id}", GET=rows.read, PATCH=rows.change, DELETE=rows.delete, POST=rows.create_by_key)
    router.add("sobjects/{object}/{field}/{value}", GET=rows.read_by_key, PATCH=rows.upsert, DELETE=rows.delete_by_key)

    for what in (
        "describe/{what}",
        "listviews",
        "listviews/{id}",
        "quickActions",
        "defaultValues",
        "{id}/richTextImageFields",
    ):
        router.add(f"sobjects/{{object}}/{what}", GET=unsupported)


def unsupported(org: Org, call: Call, *captured: str) -> Reply:
    """Refuse a resource the service has and the local org does not."""
    raise not_implemented("/".join(call.segments))


def _queries(router: Router) -> None:
    router.add("query", GET=query.query)
    router.add("queryAll", GET=query.query_all)
    router.add("query/{locator}", GET=query.more)
    router.add("queryAll/{locator}", GET=query.more)
    router.add("search", GET=search.search)
    router.add("parameterizedSearch", GET=search.by_uri, POST=search.by_body)


def _composites(router: Router) -> None:
    router.add("composite", POST=composite.composite)
    router.add("composite/batch", POST=composite.batch)
    router.add("composite/graph", POST=composite.graph)
    router.add("composite/tree/{object}", POST=tree.create)
    router.add(
        "composite/sobjects",
        POST=sobject_collections.create,
        PATCH=sobject_collections.change,
        DELETE=sobject_collections.delete,
    )
    router.add("composite/sobjects/{object}", GET=sobject_collections.retrieve, POST=sobject_collections.retrieve)
    router.add("composite/sobjects/{object}/{field}", PATCH=sobject_collections.upsert)


def _jobs(router: Router) -> None:
    router.add("jobs/query", GET=bulk_query.tell_all, POST=bulk_query.create)
    router.add("jobs/query/{id}", GET=bulk_query.tell, PATCH=bulk_query.change, DELETE=bulk_query.delete)
    router.add("jobs/query/{id}/results", GET=bulk_query.results)
    router.add("jobs/query/{id}/resultPages", GET=bulk_query.result_pages)
    router.add("jobs/ingest", GET=bulk_ingest.tell_all, POST=bulk_ingest.create)
    router.add("jobs/ingest/{id}", GET=bulk_ingest.tell, PATCH=bulk_ingest.change, DELETE=bulk_ingest.delete)
    router.add("jobs/ingest/{id}/batches", PUT=bulk_ingest.upload)
    router.add("jobs/ingest/{id}/{which}", GET=bulk_ingest.results)
