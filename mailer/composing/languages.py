"""The languages a mail may be written in, and in each the words of the unsubscribe link and of what is counted."""

from __future__ import annotations

from mailer.places import language_name

UNSUBSCRIBE = {
    "ru": "Отписаться",
    "en": "Unsubscribe",
    "be": "Адпісацца",
    "cs": "Odhlásit odběr",
    "de": "Abmelden",
    "es": "Cancelar la suscripción",
    "fi": "Peruuta tilaus",
    "fr": "Se désabonner",
    "it": "Annulla l’iscrizione",
    "kk": "Жазылымнан бас тарту",
    "nl": "Uitschrijven",
    "pl": "Wypisz się",
    "pt": "Cancelar a subscrição",
    "sv": "Avsluta prenumerationen",
    "tr": "Abonelikten çık",
    "uk": "Відписатися",
}

# Of a mail whose clicks are counted, whose opens are, and both.
CLICKS, OPENS, BOTH = "clicks", "opens", "both"
COUNTED = {
    "ru": {
        CLICKS: "В этом письме считаются переходы по ссылкам.",
        OPENS: "В этом письме считаются открытия.",
        BOTH: "В этом письме считаются открытия и переходы по ссылкам.",
    },
    "en": {
        CLICKS: "Clicks on the links of this email are counted.",
        OPENS: "Opens of this email are counted.",
        BOTH: "Opens of this email and clicks on its links are counted.",
    },
    "de": {
        CLICKS: "In dieser E-Mail werden Klicks auf Links gezählt.",
        OPENS: "Das Öffnen dieser E-Mail wird gezählt.",
        BOTH: "In dieser E-Mail werden das Öffnen und Klicks auf Links gezählt.",
    },
    "es": {
        CLICKS: "En este correo se cuentan los clics en los enlaces.",
        OPENS: "Se cuentan las aperturas de este correo.",
        BOTH: "En este correo se cuentan las aperturas y los clics en los enlaces.",
    },
    "fr": {
        CLICKS: "Les clics sur les liens de cet e-mail sont comptés.",
        OPENS: "Les ouvertures de cet e-mail sont comptées.",
        BOTH: "Les ouvertures de cet e-mail et les clics sur ses liens sont comptés.",
    },
    "uk": {
        CLICKS: "У цьому листі рахуються переходи за посиланнями.",
        OPENS: "У цьому листі рахуються відкриття.",
        BOTH: "У цьому листі рахуються відкриття та переходи за посиланнями.",
    },
}


def offered(reader: str) -> list[tuple[str, str]]:
    """The languages by code (BCP 47), with their names in the reader's; Russian and English come first."""
    names = {code: language_name(code, reader) for code in UNSUBSCRIBE}
    first = ("ru", "en")
    return [(code, names[code]) for code in (*first, *sorted(names.keys() - {*first}, key=names.__getitem__))]


def counted_text(language: str, *, clicks: bool, opens: bool) -> str:
    """What a reader is told of the counting, in that language; in English where we have no words."""
    which = BOTH if clicks and opens else CLICKS if clicks else OPENS
    return COUNTED.get(language, COUNTED["en"])[which] if clicks or opens else ""


def unsubscribe_text(language: str) -> str:
    """The link's words in that language; in English where we have none."""
    return UNSUBSCRIBE.get(language, UNSUBSCRIBE["en"])
