"""A shop's workbook of three thousand, and the part of it that is to be written to."""

from __future__ import annotations

from datetime import timedelta
from random import Random

from mailer.clock import today_in
from mailer.extensions import db
from mailer.models.client import Client, ClientFilter
from mailer.models.client_field import ClientField
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mailing import Audience
from mailer.models.user import User
from mailer.sending.runs.recipient_list import write_recipient_list
from tests.clients.conftest import Importer, form_on
from tests.clients.spreadsheets import xlsx
from tests.factories import make_due_run

TOWNS = ("Казань", "казань ", "Москва", "Самара", "")


def test_kazan_without_a_purchase_for_90_days_gets_it_and_nobody_else(importer: Importer, owner: User) -> None:
    random, today = Random(7), today_in(owner.timezone)
    rows, wanted = [], set()
    for number in range(3000):
        town, days, agreed = random.choice(TOWNS), random.randrange(-1, 200), random.choice(("да", "нет"))
        bought = today - timedelta(days)
        email = f"c{number}@example.test"
        rows.append((email, f"Имя{number}", town, f"{bought:%d.%m.%Y}" if days >= 0 else "", "1 234,50", agreed))
        if town.strip().lower() == "казань" and days > 90 and agreed == "да":
            wanted.add(email)
    header = ("E-mail", "Имя", "Город", "Последняя покупка", "Сумма", "Звонить")
    answer = importer.upload(xlsx({"Клиенты": [header, *rows]}), "лавка.xlsx")
    done = importer.finish(answer.location, form_on(importer.web.get(answer.location).text))
    assert (done.created_count, done.rejected_count) == (3000, 0)
    fields = {field.label: field for field in db.session.scalars(db.select(ClientField))}
    assert [fields[name].type.value for name in header[2:]] == ["text", "date", "number", "boolean"]
    form = {
        "name": "Казань", "c-join": "all",
        "c.0-what": f"f{fields['Город'].id}", "c.0-op": "is", "c.0-value": "Казань",
        "c.1-what": f"f{fields['Последняя покупка'].id}", "c.1-op": "before_days", "c.1-value": "90",
        "c.2-join": "none", "c.2.0-what": f"f{fields['Звонить'].id}", "c.2.0-op": "no",
    }  # fmt: skip
    assert f'data-found="{len(wanted)}"' in importer.web.post("/clients/segments/preview", data=form).text
    assert importer.web.post("/clients/segments/new", data=form).status_code == 303
    segment = db.session.scalars(db.select(ClientFilter)).one()
    run = make_due_run(owner, audience=Audience.FILTER, segment_ids=[segment.id])
    write_recipient_list(run.id)
    listed = db.select(Delivery.email).where(Delivery.run_id == run.id, Delivery.state == DeliveryState.WAITING)
    assert set(db.session.scalars(listed)) == wanted
    assert db.session.scalar(db.select(db.func.count()).select_from(Client)) == 3000
