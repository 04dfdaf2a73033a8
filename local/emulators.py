"""`python -m local emulators`: creates in the Cosmos DB emulator the containers that a deployment declares itself."""

from shared.errors import IncompleteSettings
from shared.settings import Settings


async def prepare_emulators(settings: Settings) -> str:
    """Create database and containers where they are missing. Returns a line that names them.

    Raises IncompleteSettings unless an emulator is named by its connection string: a deployment declares its own.
    """
    from shared.azure.cosmos.connection import connect  # noqa: PLC0415  # no other command should wait for the SDK
    from shared.azure.cosmos.containers import CONTAINERS, create_containers  # noqa: PLC0415  # as above

    services = settings.azure()
    if services is None or "AccountKey=" not in services.cosmos:
        raise IncompleteSettings(["COSMOS"])
    cosmos = connect(services.cosmos, services.cosmos_database)
    try:
        await create_containers(await cosmos.client(), services.cosmos_database)
    finally:
        await cosmos.close()
    return f"{services.cosmos_database}: {', '.join(definition.id for definition in CONTAINERS)}"
