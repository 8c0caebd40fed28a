"""Figures of runs, summed by day, mailing or message."""
