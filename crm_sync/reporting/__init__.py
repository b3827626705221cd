"""What happened and what is coming -> one page for the program's weekly meeting: counted, drawn and laid out.

Called by `crm-sync report`. Reads what a look at the org decided; writes nothing. Nothing personal is on the page.
"""

from crm_sync.reporting.page import page
from crm_sync.reporting.report import Report, report_of

__all__ = ["Report", "page", "report_of"]
