"""The words the sample data is made of: industries, places, titles, subjects and feedback, as plain lists.

Read by the drawing modules beside it. Every company name is invented. Nothing here draws or decides.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A country: its region, where its people are, the language of business there, and the locale of its names."""

    country: str
    region: str
    cities: tuple[str, ...]
    time_zones: tuple[str, ...]
    language: str
    locale: str
    weight: int


PLACES = (
    Place(
        "United States",
        "North America",
        ("Columbus", "Denver", "Portland", "Raleigh", "Milwaukee", "Tucson", "Boise", "Omaha"),
        ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
        "English",
        "en_US",
        34,
    ),
    Place(
        "Canada",
        "North America",
        ("Halifax", "Calgary", "Hamilton"),
        ("America/Toronto", "America/Edmonton"),
        "English",
        "en_CA",
        8,
    ),
    Place("United Kingdom", "EMEA", ("Leeds", "Bristol", "Cardiff"), ("Europe/London",), "English", "en_GB", 10),
    Place("Germany", "EMEA", ("Kassel", "Bremen", "Ulm"), ("Europe/Berlin",), "German", "de_DE", 10),
    Place("France", "EMEA", ("Nantes", "Lille", "Grenoble"), ("Europe/Paris",), "French", "fr_FR", 7),
    Place("Netherlands", "EMEA", ("Utrecht", "Breda"), ("Europe/Amsterdam",), "Dutch", "nl_NL", 4),
    Place("Spain", "EMEA", ("Zaragoza", "Vigo"), ("Europe/Madrid",), "Spanish", "es_ES", 4),
    Place("Italy", "EMEA", ("Parma", "Trieste"), ("Europe/Rome",), "Italian", "it_IT", 3),
    Place("Sweden", "EMEA", ("Uppsala", "Malmö"), ("Europe/Stockholm",), "English", "sv_SE", 3),
    Place("Australia", "APAC", ("Geelong", "Hobart"), ("Australia/Sydney", "Australia/Perth"), "English", "en_AU", 5),
    Place("New Zealand", "APAC", ("Dunedin",), ("Pacific/Auckland",), "English", "en_NZ", 2),
    Place("Singapore", "APAC", ("Singapore",), ("Asia/Singapore",), "English", "en_US", 3),
    Place("India", "APAC", ("Pune", "Kochi"), ("Asia/Kolkata",), "English", "en_IN", 4),
    Place("Japan", "APAC", ("Nagoya", "Sendai"), ("Asia/Tokyo",), "Japanese", "ja_JP", 4),
    Place("Brazil", "Latin America", ("Curitiba", "Recife"), ("America/Sao_Paulo",), "Portuguese", "pt_BR", 5),
    Place("Mexico", "Latin America", ("Puebla", "Mérida"), ("America/Mexico_City",), "Spanish", "es_MX", 4),
    Place("Chile", "Latin America", ("Valdivia",), ("America/Santiago",), "Spanish", "es_CL", 2),
)

# No reference is drawn who speaks these: in hard_cases.yml nobody speaks Italian and exactly one person Dutch.
LANGUAGES_NOT_DRAWN = ("Italian", "Dutch")

PROPER = (
    "Aldermoor", "Ambervale", "Ashlund", "Barrowgate", "Bellhaven", "Birchmere", "Blackfen", "Bramholt", "Brightwater",
    "Brindlecombe", "Calderstone", "Carrowmore", "Castelmar", "Cedarfall", "Cinderford", "Coldbrook", "Copperline",
    "Corvane", "Cranwick", "Dalmere", "Davenholt", "Dunmarrow", "Eastermoor", "Elderbank", "Elmsgate", "Emberton",
    "Fairhollow", "Fallowfield", "Farrowdale", "Fenwicke", "Foxglade", "Galloway Reach", "Glenharrow", "Goldcrest",
    "Granholm", "Greyfriars", "Halden", "Harrowmere", "Hartwell Bay", "Hawksmoor", "Heathergate", "Highmarch",
    "Hollowell", "Ironbridge Vale", "Juniper Ridge", "Kestrel", "Kingsferry", "Lakemont", "Larkspur", "Lindenau",
    "Lochmere", "Longacre", "Lunderby", "Maplecross", "Marrowby", "Marshwood", "Meridale", "Millrace", "Mistral Bay",
    "Moorland", "Nettlecombe", "Northwick", "Oakhampton", "Oldcastle Row", "Orchard Bay", "Ottermouth", "Pellworth",
    "Pinecrest", "Quarrington", "Ravensholt", "Redmarsh", "Ridgewell", "Rookhaven", "Rosenthal", "Saltmarsh",
    "Sandgrove", "Selkirk Bay", "Silverbirch", "Skerrow", "Southmere", "Stavely", "Stonecroft", "Sundermere",
    "Swanholm", "Tarn Valley", "Thistledown", "Thornbury Hill", "Tidewell", "Underhill", "Valemont", "Varnholm",
    "Vesterby", "Wainfleet", "Westerlund", "Whitcombe", "Wildmere", "Willowbank", "Winterbourne", "Wrenfield",
    "Yarrowby",
)  # fmt: skip

INDUSTRIES: dict[str, tuple[str, ...]] = {
    "Technology": ("Software", "Systems", "Cloud Services", "Data Labs", "Networks", "Robotics"),
    "Financial Services": ("Mutual", "Insurance Group", "Credit Union", "Capital Partners", "Pensions", "Savings Bank"),
    "Healthcare": ("Clinics", "Medical Group", "Diagnostics", "Health Trust", "Biologics", "Care Homes"),
    "Manufacturing": ("Precision Parts", "Castings", "Packaging", "Fasteners", "Textiles", "Machine Works"),
    "Retail": ("Stores", "Outfitters", "Home & Garden", "Grocers", "Pharmacy", "Sporting Goods"),
    "Energy": ("Energy", "Grid Services", "Wind & Solar", "Utilities", "Gas Networks", "Hydro"),
    "Education": ("University", "Learning Trust", "Technical College", "Schools Partnership"),
    "Government": ("County Council", "Water Authority", "Transport Authority", "Housing Agency"),
    "Media": ("Broadcasting", "Publishing", "Studios", "News Group"),
    "Transportation": ("Freight", "Airways", "Shipping", "Rail", "Logistics", "Couriers"),
}
INDUSTRY_WEIGHTS = (16, 15, 14, 14, 11, 8, 7, 5, 4, 6)

PRODUCTS = ("Core", "Analytics", "Integration", "Mobile")
PRODUCT_WEIGHTS = (45, 25, 18, 12)
USE_CASES = ("Onboarding", "Forecasting", "Service", "Compliance", "Automation")
STAGES_OPEN = (
    ("Prospecting", 10),
    ("Qualification", 10),
    ("Needs Analysis", 20),
    ("Value Proposition", 50),
    ("Proposal/Price Quote", 75),
    ("Negotiation/Review", 90),
)

TITLES: dict[str, tuple[str, ...]] = {
    "Technology": ("VP Engineering", "Head of Platform", "Director of IT Operations", "Product Operations Lead"),
    "Financial Services": ("Chief Risk Officer", "Head of Claims", "Director of Compliance", "VP Customer Service"),
    "Healthcare": ("Chief Nursing Informatics Officer", "Director of Patient Services", "Head of Clinical Systems"),
    "Manufacturing": ("Plant IT Manager", "VP Supply Chain", "Director of Quality", "Head of Operations Excellence"),
    "Retail": ("Director of Store Systems", "Head of E-commerce", "VP Customer Experience", "Merchandising Manager"),
    "Energy": ("Head of Grid Operations", "Asset Management Director", "VP Field Service", "Regulatory Affairs Lead"),
    "Education": ("Registrar", "Director of Student Services", "Chief Information Officer", "Head of Digital Learning"),
    "Government": ("Director of Citizen Services", "Head of Procurement", "Deputy Chief Information Officer"),
    "Media": ("VP Audience", "Head of Subscriptions", "Director of Broadcast Operations"),
    "Transportation": ("Head of Fleet Systems", "VP Network Planning", "Director of Terminal Operations"),
}
COMMON_TITLES = (
    "Chief Operating Officer",
    "Service Desk Manager",
    "Business Analyst",
    "Project Manager",
    "Finance Director",
    "Procurement Specialist",
    "CRM Administrator",
    "Head of Customer Success",
    "Process Owner",
    "Team Lead, Operations",
)

OUTCOMES = (
    "Cut average handling time by {n}%",
    "Onboarding of new staff takes {n}% less time",
    "Forecast error fell by {n}%",
    "{n}% fewer manual steps in month-end close",
    "First-contact resolution rose by {n} points",
    "Saved {n},000 working hours in the first year",
    "Audit findings down {n}% year on year",
    "Released {n} integrations in one quarter",
)
TOPICS = (
    "rollout across several sites",
    "change management with unions",
    "migrating from spreadsheets",
    "building the business case",
    "working with the delivery team",
    "reporting to the board",
    "integration with the old ERP",
)
AVOID = ("pricing and discounts", "our data centre locations", "the merger", "head-count figures", "named suppliers")
BLACKOUT_REASONS = ("annual leave", "year-end close", "board week", "parental leave", "plant shutdown", "audit")
PAUSE_REASONS = ("Reorganisation under way", "New sponsor, wait for the summer", "Asked for a quiet quarter")

CASE_SUBJECTS: dict[str, tuple[str, ...]] = {
    "Support": ("Export stops at 10,000 rows", "Users cannot sign in after password reset", "Slow list views"),
    "Billing": ("Invoice shows the wrong cost centre", "Credit note missing", "Purchase order number not printed"),
    "Product": (
        "Filter forgets the last selection",
        "Request: dark mode for wall screens",
        "Rounding in weekly report",
    ),
    "Delivery": ("Training dates need to move", "Go-live checklist incomplete", "Sandbox refresh overdue"),
    "Legal": ("Data processing addendum, new annex", "Question on retention clause"),
}
TASK_SUBJECTS = (
    "Success plan check-in",
    "Follow up after release webinar",
    "Send roadmap deck",
    "Confirm training dates",
    "Ask about adoption in second site",
)
EVENT_SUBJECTS = (
    "Quarterly business review",
    "Success plan review",
    "Roadmap briefing",
    "Steering committee",
    "Renewal planning",
)
CUSTOMER_FEEDBACK = (
    "Good questions, well prepared.",
    "Happy to help. Ten minutes shorter next time would be fine.",
    "Pleasant conversation; they asked mostly about rollout.",
    "Glad to be asked. Please send the briefing two days ahead.",
    "They knew what they wanted to hear about.",
)
REP_FEEDBACK = (
    "Very credible, moved the deal forward.",
    "Exactly the story the prospect needed.",
    "Helpful on integration, less so on reporting.",
    "Prospect's project lead was convinced.",
    "Clear and honest about the rough edges.",
)
REQUEST_NOTES = (
    "Prospect wants to hear about the first ninety days.",
    "Decision committee meets at the end of the month.",
    "They run three sites and worry about change management.",
    "Technical lead joins; integration questions likely.",
    "Please no one from a direct neighbour of theirs.",
)
