"""The languages a mail may be written in, and the words of the unsubscribe link in each."""

from __future__ import annotations

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


def unsubscribe_text(language: str) -> str:
    """The link's words in that language; in English where we have none."""
    return UNSUBSCRIBE.get(language, UNSUBSCRIBE["en"])
