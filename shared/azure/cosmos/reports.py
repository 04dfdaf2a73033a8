"""The stored usage reports on Cosmos DB, beside the rows of their month."""

import json

from pydantic import TypeAdapter

from shared.azure.cosmos.container import Container
from shared.azure.cosmos.failures import CONFLICT, OperationFailed
from shared.usage.report import UsageReport

_REPORT: TypeAdapter[UsageReport] = TypeAdapter(UsageReport)


class CosmosReports:
    """Implements `UsageReports`."""

    def __init__(self, container: Container) -> None:
        self._container = container

    async def latest(self, tenant_id: str, month: str) -> UsageReport | None:
        query = "SELECT TOP 1 c.report FROM c WHERE c.version > 0 ORDER BY c.version DESC"
        found = await self._container.query("latest", (tenant_id, month), query)
        return _REPORT.validate_json(json.dumps(found[0]["report"])) if found else None

    async def add(self, tenant_id: str, report: UsageReport) -> None:
        partition = (tenant_id, report.month)
        document = self._container.document(
            partition, f"report:{report.version}", version=report.version, report=json.loads(report.to_json())
        )
        try:
            await self._container.create("add", partition, document)
        except OperationFailed as failed:
            if failed.status != CONFLICT:
                raise
