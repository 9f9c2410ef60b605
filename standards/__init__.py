"""The law as data, with effective dates and sources, and the pure functions that read it."""
