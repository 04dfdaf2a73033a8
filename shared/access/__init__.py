"""Who may come in: channels by their proofs, people and systems by their roles."""
