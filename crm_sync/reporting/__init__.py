"""What happened and what is coming -> one page for the program's weekly meeting: counted, drawn and laid out.

Called by `crm-sync report`, by `crm-sync simulate` for a comparison of two rule sets, and by `crm-sync plan` for its funnel. Reads what was decided; writes
nothing. Nothing personal is on a page.
"""

from crm_sync.reporting.comparison import Flipped, Line, Simulation, changed_gaps, filled_by_kind, lines, simulation_of
from crm_sync.reporting.funnel import Funnel, funnel
from crm_sync.reporting.page import page
from crm_sync.reporting.report import Report, report_of
from crm_sync.reporting.simulation import LENGTHS, Gap, Side, side_of
from crm_sync.reporting.simulation_page import simulation_page

__all__ = [
    "LENGTHS",
    "Flipped",
    "Funnel",
    "Gap",
    "Line",
    "Report",
    "Side",
    "Simulation",
    "changed_gaps",
    "filled_by_kind",
    "funnel",
    "lines",
    "page",
    "report_of",
    "side_of",
    "simulation_of",
    "simulation_page",
]
