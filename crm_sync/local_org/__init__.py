"""A stand-in Salesforce: an HTTP server over SQLite that answers as the real service does.

It knows nothing of the worker and is met over HTTP only. Its schema is the object XML of
`deploy/salesforce` and its own description of the standard objects. What it does not support answers 501.
"""
