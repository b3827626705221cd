"""A Salesforce org over HTTP: the worker's Org, and the only package that imports simple-salesforce.

Built by bootstrap with `org.SalesforceOrg.connect`. Not here: what the fields mean (mappings, pull and writeback).
"""
