"""Django's ORM over django-salesforce at its ordinary work; prints what it found, as JSON."""

import json
import os

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["salesforce"],
    USE_TZ=True,
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
        "salesforce": {
            "ENGINE": "salesforce.backend",
            "AUTH": "salesforce.auth.SalesforceClientCredentialsAuth",
            "CONSUMER_KEY": os.environ["CLIENT_ID"],
            "CONSUMER_SECRET": os.environ["CLIENT_SECRET"],
            "USER": "",
            "PASSWORD": "",
            "HOST": os.environ["ORG_BASE"].replace("http://", "https://"),
        },
    },
    DATABASE_ROUTERS=["salesforce.router.ModelRouter"],
)
django.setup()

from django.db import connections  # noqa: E402 - only after set-up
from django.db.models import Count, F, Q  # noqa: E402
from salesforce import models  # noqa: E402
from salesforce.dbapi.exceptions import SalesforceError  # noqa: E402


class User(models.Model):
    username = models.CharField(max_length=80, db_column="Username")

    class Meta:
        app_label, db_table = "program", "User"


class Account(models.Model):
    name = models.CharField(max_length=255, db_column="Name")
    employees = models.IntegerField(db_column="NumberOfEmployees", null=True)
    created = models.DateTimeField(db_column="CreatedDate", sf_read_only=models.READ_ONLY)
    owner = models.ForeignKey(
        User, models.DO_NOTHING, db_column="OwnerId", default=models.DEFAULTED_ON_CREATE, null=True
    )

    class Meta:
        app_label, db_table = "program", "Account"


class Contact(models.Model):
    last_name = models.CharField(max_length=80, db_column="LastName")
    first_name = models.CharField(max_length=40, db_column="FirstName", null=True)
    email = models.EmailField(db_column="Email", null=True)
    account = models.ForeignKey(Account, models.DO_NOTHING, db_column="AccountId", null=True, related_name="contacts")

    class Meta:
        app_label, db_table = "program", "Contact"


class Issue(models.Model):
    key = models.CharField(max_length=80, db_column="External_Key__c", custom=True)
    kind = models.CharField(max_length=80, db_column="Kind__c", custom=True, null=True)

    class Meta:
        app_label, db_table = "program", "Sync_Issue__c"


account = Account.objects.create(name="Django O'Neill", employees=7)
told = {"created": Account.objects.get(pk=account.pk).created.isoformat(), "id": account.pk}
made = Contact.objects.bulk_create([Contact(last_name=f"Dj{n:03}", account=account) for n in range(450)])
named = Contact.objects.filter(last_name__startswith="Dj")
told["made"] = len({c.pk for c in made})
told["counted"] = named.count()
told["paged"] = len(named.order_by("last_name"))
told["joined"] = list(named.filter(account__name__contains="O'Neill").values_list("last_name", "account__name")[:1])
told["owner"] = Account.objects.select_related("owner").get(name="Django O'Neill").owner.username
told["either"] = Account.objects.filter(Q(name__istartswith="django") & ~Q(employees=None)).exists()
told["grouped"] = list(named.values("account_id").annotate(n=Count("id")).order_by("account_id"))
first = named.order_by("last_name").first()
first.first_name, first.email = "D", "d@x.example"
first.save()
told["updated"] = named.filter(pk__in=[c.pk for c in made[1:4]]).update(first_name="E")
told["names"] = sorted(named.exclude(first_name=None).values_list("first_name", flat=True))
told["deleted"] = named.filter(pk__in=[c.pk for c in made[-200:]]).delete()[0]
told["left"] = account.contacts.count()
issue = Issue.objects.create(key="dj", kind="k")
told["custom"] = Issue.objects.filter(key="dj").values_list("kind", flat=True).get()
try:
    Account.objects.create(name="x" * 300)
except SalesforceError as error:
    told["refused"] = str(error)
with connections["salesforce"].cursor() as cursor:
    cursor.execute("SELECT Name FROM Account WHERE Name = %s", ["Django O'Neill"])
    told["raw"] = [list(row) for row in cursor.fetchall()]
told["compared"] = list(
    Account.objects.filter(employees__gt=6, name="Django O'Neill").values_list(F("name"), flat=True)
)
print(json.dumps(told, default=str))
