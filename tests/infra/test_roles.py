"""The app's identity may do what it needs, where it needs it."""

from tests.infra.documents import ROLES

BUILT_IN = {
    "00000000-0000-0000-0000-000000000002": "Cosmos DB Built-in Data Contributor",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "4f6d3b9b-027b-4f4c-9142-0e5a2a2247e0": "Azure Service Bus Data Receiver",
    "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39": "Azure Service Bus Data Sender",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
}
"""Azure's ids, from its list of built-in roles."""

NARROWEST = {
    "Azure Service Bus Data Sender": "Microsoft.ServiceBus/namespaces/topics",
    "Azure Service Bus Data Receiver": "Microsoft.ServiceBus/namespaces/topics/subscriptions",
    "Cosmos DB Built-in Data Contributor": "Microsoft.DocumentDB/databaseAccounts/sqlDatabases",
    "Storage Blob Data Contributor": "Microsoft.Storage/storageAccounts/blobServices/containers",
    # The host makes containers of its own, which do not exist before.
    "Storage Blob Data Owner": "Microsoft.Storage/storageAccounts",
    # Secrets come and go without a deployment.
    "Key Vault Secrets User": "Microsoft.KeyVault/vaults",
    "Key Vault Secrets Officer": "Microsoft.KeyVault/vaults",
    "Monitoring Metrics Publisher": "Microsoft.Insights/components",
}
"""Where each role can be given at the narrowest, and do what it is for."""


def test_every_role_is_what_its_id_says_given_at_the_narrowest_and_for_a_reason() -> None:
    assert {each.id: each.name for each in ROLES} == BUILT_IN
    assert {each.name: each.scope for each in ROLES} == NARROWEST
    assert all(each.reason for each in ROLES)
