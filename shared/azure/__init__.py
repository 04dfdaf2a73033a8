"""The ports on Azure: the only importers of Azure's SDKs for stores and buses."""
