"""Mailings: who gets which message when, their runs and how those went."""
