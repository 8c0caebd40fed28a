"""Clients and their tags: listed, edited, brought in from files and taken out again."""
