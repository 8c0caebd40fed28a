"""The page's own words; the launcher stands apart from the site and its translations."""

from __future__ import annotations

DEFAULT = "ru"
WORDS = {
    "ru": {
        "title": "Пойманные письма",
        "lead": "Эти письма никуда не ушли: сервис настроен на местную ловушку.",
        "returns": "Чтобы увидеть, что бывает после отправки, напишите клиенту bounce-hard@…, bounce-soft@…, "
        "complain@… или autoreply@… в любом домене: "
        "отказ, задержка и отказ, жалоба и автоответ вернутся по-настоящему.",
        "search": "Получатель или тема",
        "find": "Найти",
        "show_all": "Показать все",
        "to": "Кому",
        "from": "От кого",
        "subject": "Тема",
        "caught_at": "Поймано",
        "no_subject": "(без темы)",
        "nothing": "Писем пока нет.",
        "nothing_found": "Ничего не нашлось.",
        "clear_all": "Удалить все письма",
        "newer": "Новее",
        "older": "Старее",
        "pages": "Страницы списка",
        "page": "Страница",
        "of": "из",
        "count": "Писем",
        "back": "Все письма",
        "text": "Текст",
        "html": "Вид письма",
        "raw": "Исходный текст",
        "attachments": "Вложения",
        "other_language": "English",
        "gone": "Такого письма больше нет.",
    },
    "en": {
        "title": "Caught mail",
        "lead": "These mails went nowhere: the service is set to a local catcher.",
        "returns": "To see what comes after sending, write to a client called bounce-hard@…, bounce-soft@…, "
        "complain@… or autoreply@…, in any domain: "
        "a bounce, one after a delay, a complaint and an automatic reply really come back.",
        "search": "Recipient or subject",
        "find": "Find",
        "show_all": "Show all",
        "to": "To",
        "from": "From",
        "subject": "Subject",
        "caught_at": "Caught",
        "no_subject": "(no subject)",
        "nothing": "No mail yet.",
        "nothing_found": "Nothing found.",
        "clear_all": "Delete all mail",
        "newer": "Newer",
        "older": "Older",
        "pages": "Pages of the list",
        "page": "Page",
        "of": "of",
        "count": "Mails",
        "back": "All mail",
        "text": "Text",
        "html": "As it looks",
        "raw": "Source",
        "attachments": "Attachments",
        "other_language": "Русский",
        "gone": "This mail is here no more.",
    },
}
