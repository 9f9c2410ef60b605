"""Findings become graded alerts, alerts propose plans and tell people."""
