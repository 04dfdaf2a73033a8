"""Authentication and authorization: channels by their proofs, people and systems by their roles."""
