"""What this worker keeps on its own disk: the durable journal (SQLite) and the disposable mirror (DuckDB).

Built by bootstrap. Neither holds a name, an e-mail address or a phone number.
"""
