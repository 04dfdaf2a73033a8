"""The secrets, names, native ids and texts that tests use; no line of any log may contain them."""

import base64

EMULATOR_KEY = "C2y6yDjf5/R+ob0N8A7Cgv30VRDJIWEHLM+4QDU5DE2nQ9nDuVTqobD4b8mGGyPMbIZnqyMsEcaGQy67XIw/Jw=="
"""The key of every Cosmos emulator, as Microsoft publishes it."""
STORAGE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's key, as Microsoft publishes it."""
BUS_KEY = "c2VlZCBvZiB0aGUgYnVz"
TELEGRAM_SECRET = "tg-5uJ_2-secret-token"
SIGNING_SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four b").decode()
TENANT_SECRET = "pseudonyms-of-contoso-in-tests-32"
"""The secret of the pseudonyms of each tenant that tests make."""
CUSTOMER_ID, THREAD_ID = "customer-1", "thread-1"
"""Native ids: the usual customer's, and that of the web chat's usual thread."""
CUSTOMER_NAME = "Zoë"
AGENT_NAME = "Ana Ferreira"
TEXT = "Hello, my card 4000-1234 is gone"
SUMMARY = "caller knows her maiden name"

SEEDS = {
    "the key of Cosmos DB": EMULATOR_KEY,
    "the key of Blob Storage": STORAGE_KEY,
    "the key of Service Bus": BUS_KEY,
    "Telegram's secret": TELEGRAM_SECRET,
    "a signing secret": SIGNING_SECRET.removeprefix("whsec_"),
    "a token": base64.b64encode(
        b'{"alg": "RS256"'
    ).decode(),  # the beginning of each token that an issuer of the tests signs
    "the secret of a tenant's pseudonyms": TENANT_SECRET,
    "a customer's native id": CUSTOMER_ID,
    "a thread's native id": THREAD_ID,
    "a customer's name": CUSTOMER_NAME,
    "an agent's name": AGENT_NAME,
    "a customer's text": TEXT,
    "a bot's summary": SUMMARY,
}
