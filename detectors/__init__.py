"""Columns of readings → means, verdicts, findings; one detector a file; the second stage by city."""
