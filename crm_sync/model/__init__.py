"""Frozen values handed from step to step: Snapshot -> Verdicts -> Matches -> Plan -> Outcome.

Columns inside, objects at the rim: whole populations travel as Arrow tables, and Python objects exist
for what is shown or written. Nothing here computes, reads or writes.
"""
