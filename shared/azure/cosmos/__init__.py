"""The store ports on Cosmos DB.

What a document says is kept as JSON text where it may hold any number: Cosmos keeps numbers as doubles. Beside it stand
the few members that are queried, and only they are indexed.
"""
