"""What people and programs call the columns of their files, in Russian and in English."""

from __future__ import annotations

import re
from collections.abc import Collection
from types import MappingProxyType

from mailer.clients.refused import ValueRefused
from mailer.clients.values import MAX_ATTRIBUTE_NAME, clean_attribute_name

# Without case, spaces and signs.
NAMES = MappingProxyType(
    {
        "email": "email emails emailaddress mail mailaddress address адрес почта эпочта элпочта электроннаяпочта "
        "электронныйадрес адресэлектроннойпочты адресэлпочты адреспочты имейл емейл мейл рабочийemail личныйemail "
        "emailдлярассылок email1value emailwork emailhome workemail personalemail primaryemail",
        "last_name": "фамилия lastname surname familyname",
        "first_name": "имя firstname givenname",
        "patronymic": "отчество patronymic middlename additionalname",
        "full_name": "фио фамилияимяотчество полноеимя fullname name displayname contactname получатель клиент контакт",
        "comment": "комментарий комментарии примечание заметка заметки comment comments note notes",
        "birth_year": "годрождения birthyear yearofbirth год",
        "language": "язык языки языкобщения языкписем языкрассылки language lang locale languagecode preferredlanguage",
        "timezone": "часовойпояс часовыепояса таймзона временнаязона timezone timezones tz ianatimezone",
        "tags": "метки теги тэги тег метка tags tag группа группы groups group groupmembership labels",
        "subscribed": "подписка подписан подписана подписканарассылку согласие согласиенарассылку статусподписки "
        "статус subscribed subscription subscriptionstatus status emailstatus optin consent acceptsmarketing "
        "acceptsemailmarketing emailmarketingconsent",
        "unsubscribed": "отписан отписана отписался отписка датаотписки неписать нерассылать отказ unsubscribed "
        "unsubscribe unsubscribedat unsubtime optout emailoptout donotemail donotmail suppressed",
    }
)
_FIELD_OF = {name: field for field, names in NAMES.items() for name in names.split()}
# What other programs keep for themselves: of no use in a letter, and some of it is nobody's business.
_TECHNICAL_NAMES = (
    "id uid uuid guid leid euid rowid externalid userid clientid customerid contactid ид идентификатор внешнийид "
    "memberrating rating optintime optinip confirmtime confirmip lastchanged latitude longitude gmtoff dstoff "
    "cc ip ipaddress ipадрес useragent createdat updatedat modifiedat deletedat created modified lastmodified "
    "datecreated dateadded dateadd датасоздания датаизменения датаобновления createdby modifiedby hash token password "
    "пароль checksum gclid fbclid yclid sessionid utmsource utmmedium utmcampaign utmcontent utmterm photo avatar"
)
_TECHNICAL = frozenset(_TECHNICAL_NAMES.split())
# A date with a time, an IP address, a hash or UUID: how programs write, not people.
_TECHNICAL_VALUE = re.compile(
    r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d.*|\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{4}(?::[0-9a-f]{0,4}){2,7}|[0-9a-f]{24,128}"
    r"|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    re.I,
)


def field_called(cell: str) -> str | None:
    """The field that a column of this name is usually meant for."""
    if re.match(r"\W*ф\.?\s?и\.?\s?о(?![^\W\d_])", cell.casefold()):
        return "full_name"  # «ФИО (фамилия, имя, отчество)», «Ф. И. О. клиента»
    return _FIELD_OF.get(_bare(cell))


def is_technical(name: str, cells: Collection[str]) -> bool:
    """Whether a column is another program's own, by its name or by all its values."""
    if _bare(name) in _TECHNICAL:
        return True
    return bool(cells) and all(_TECHNICAL_VALUE.fullmatch(cell.strip()) for cell in cells)


def own_names(header: list[str], width: int) -> list[str]:
    """A name for every column that may be a detail's name: short, on one line, each once; a number where none is."""
    names: list[str] = []
    for place in range(width):
        try:
            cell = header[place] if place < len(header) else ""
            name = clean_attribute_name(" ".join(cell.replace(":", " ").split())[:MAX_ATTRIBUTE_NAME])
        except ValueRefused:
            name = str(place + 1)
        again = 2
        unique = name
        while unique in names:
            ending = f" {again}"
            unique = name[: MAX_ATTRIBUTE_NAME - len(ending)] + ending
            again += 1
        names.append(unique)
    return names


def _bare(cell: str) -> str:
    return re.sub(r"[\W_]", "", cell.casefold())
