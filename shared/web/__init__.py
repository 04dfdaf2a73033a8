"""Adapters that ask over HTTP. Nothing else under `shared/` but the adapters for Azure knows aiohttp."""
