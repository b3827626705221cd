"""Django's ORM works over the local org by django-salesforce: signatures checked, SOQL written by the ORM, rows in collections."""

from __future__ import annotations

import json

from tests.clients.programs import SCRIPTS


def test_the_orm_at_its_ordinary_work(programs, org):
    app = {"CLIENT_ID": org.running.client_id, "CLIENT_SECRET": org.running.client_secret}
    told = json.loads(programs.python(org, "django", "python", SCRIPTS / "django_work.py", **app))
    assert told["created"].startswith(org.control("GET", "clock")["now"][:10])
    assert (told["made"], told["counted"], told["paged"]) == (450, 450, 450)
    assert told["joined"] == [["Dj000", "Django O'Neill"]]
    assert (told["owner"], told["either"]) == (org.running.username, True)
    assert told["grouped"] == [{"account_id": told["id"], "n": 450}]
    assert (told["updated"], told["names"]) == (3, ["D", "E", "E", "E"])
    assert (told["deleted"], told["left"]) == (200, 250)
    assert (told["custom"], told["raw"], told["compared"]) == ("k", [["Django O'Neill"]], ["Django O'Neill"])
    assert "STRING_TOO_LONG" in told["refused"]
    assert org.rows("SELECT COUNT(Id) n FROM Contact WHERE LastName LIKE 'Dj%'") == [{"n": 250}]
    assert org.rows("SELECT Email FROM Contact WHERE FirstName = 'D'") == [{"Email": "d@x.example"}]
