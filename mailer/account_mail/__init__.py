"""Mails to account holders: written with the change that gives rise to them, sent after its commit."""
