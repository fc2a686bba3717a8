"""Tells other programs what changed: apart from `doors`, as here the register asks others and not they it (ADR 15)."""
