"""Names that would deceive are told from those that are merely alike."""

import pytest

from mailer.composing.sender_name import fault_of

SERVICE = ("Golub", "Голубь", "mail.golub.test")


@pytest.mark.parametrize(
    "name",
    ["owner@shop.ru", "Банк <info@bank.ru>", "security＠bank.ru", "a\u200b@\u200bb"],
)
def test_an_address_is_no_name(name: str) -> None:
    assert fault_of(name, SERVICE) == "address"


@pytest.mark.parametrize(
    "name",
    [
        "Golub", "GOLUB", "Gоlub", "G0lub", "GoIub", "Go\u200blub", "Ｇｏｌｕｂ", "Golub Support", "The Golub team",
        "Служба поддержки «Голубь»", "Голубь", "голубь, уведомления", "Suppоrt Golub", "mail.golub.test",
    ],
)  # fmt: skip
def test_the_service_itself_writes_under_its_name_alone(name: str) -> None:
    assert fault_of(name, SERVICE) == "service"


@pytest.mark.parametrize(
    "name", ["", "Пекарня «Колос»", "Anna Golub", "Иван Голубь", "Booking.com", "Support", "Golubika", "24/7"]
)
def test_other_names_stand(name: str) -> None:
    assert fault_of(name, SERVICE) is None
