"""The store ports on Cosmos DB.

Content that may contain any number is stored as JSON text, because Cosmos stores numbers as doubles. Beside it a
document has the few members that are queried, and only they are indexed.
"""
