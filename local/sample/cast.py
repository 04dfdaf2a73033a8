"""Who takes part in the sample month. Every name is invented."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

ZONES: Mapping[str, ZoneInfo] = {
    "contoso": ZoneInfo("UTC"),
    "fabrikam": ZoneInfo("Europe/Berlin"),
    "northwind": ZoneInfo("America/Los_Angeles"),
}
"""The tenants, each with the time zone in which its people work and its systems write times."""

BOTS: Mapping[tuple[str, str], tuple[str, str, str]] = {
    ("contoso", "bot"): ("contoso-bot", "7d0cae1c-0000-4000-8000-000000000001", "Contoso bot"),
    ("contoso", "assistant"): ("contoso-assistant", "5b1f6c2e-0000-4000-8000-000000000006", "Assistant"),
    ("fabrikam", "bot"): ("fabrikam-bot", "3f9ad2b4-0000-4000-8000-000000000002", "Fabrikam bot"),
    ("fabrikam", "expert"): ("fabrikam-expert", "91c07e5a-0000-4000-8000-000000000003", "Fabrikam expert"),
    ("fabrikam", "assistant"): ("fabrikam-assistant", "a84d09f3-0000-4000-8000-000000000007", "Assistant"),
    ("northwind", "bot"): ("northwind-bot", "c45e81d0-0000-4000-8000-000000000004", "Northwind bot"),
    ("northwind", "expert"): ("northwind-sommelier", "e2b7034f-0000-4000-8000-000000000005", "Northwind sommelier"),
    ("northwind", "assistant"): ("northwind-assistant", "d6370b5c-0000-4000-8000-000000000008", "Northwind assistant"),
}
"""Id, app id and name, as the examples declare them."""

DECLARED_ASSISTANTS = ("northwind",)
"""The tenants whose example declares the assistant. Elsewhere each of its lines says that it is one."""

AGENTS: Mapping[str, tuple[str, str]] = {
    "contoso": ("ana", "Ana"),
    "fabrikam": ("emre", "Emre"),
    "northwind": ("gil", "Gil"),
}

EXPERTISE: Mapping[str, str] = {"fabrikam": "Technical", "northwind": "Wine"}
"""The topic that a tenant's second bot knows about."""

CUSTOMERS: Sequence[str] = (
    "Mina Sørensen", "Tomás Quiroga", "Aylin Demirtaş", "Jules Perrault", "Hana Kobayakawa", "Piotr Zawilski",
    "Layla Mansouri", "Otto Brandtner", "Bea O'Hallow", "Rui Penedo", "Greta Lindqvist", "Samir Haddadi",
    "Noa Ben-Shachar", "Nguye\u0302\u0303n Thu", "Kiran Deshmukh",
)  # fmt: skip
