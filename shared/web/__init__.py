"""Adapters that read documents from the web."""
