"""crm_sync runs a customer reference program so that all of it lives inside Salesforce."""

__version__ = "0.1.0"
