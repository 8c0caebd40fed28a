"""The blog through the eyes of those who make it: an author, a manager, an editor, a reader."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from tests.chromium.conftest import Service, log_in, sample_account
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture
def others_page(chromium: Browser) -> Iterator[Page]:
    """Somebody else's browser, in English."""
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (1600, 900), "#3a5bc7").save(out, "PNG")
    return out.getvalue()


def upload(page: Page, selector: str) -> None:
    page.set_input_files(selector, {"name": "a.png", "mimeType": "image/png", "buffer": picture()})


def test_an_editor_schedules_an_article_and_publishes_it(page: Page, others_page: Page, service: Service) -> None:
    log_in(page, service, *sample_account(service, "editor"))
    page.goto(f"{service.site}/admin/posts/")
    page.click("a[href*='/admin/posts/new/']")
    page.fill("[name=title]", "Назначенная статья")
    page.fill("#article-text", "Начало.")
    page.locator("#article-text").press("Control+End")
    upload(page, "[data-markdown-file]")
    page.locator("#preview img").wait_for()
    upload(page, "[name=picture]")
    page.fill("[name=tags]", "проба, срок")
    page.select_option("[name=status]", "published")
    page.fill("[name=published_at]", (datetime.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M"))
    page.locator("form#composer button[type=submit]").last.click()
    page.wait_for_url(re.compile(r"/admin/posts/(\?.*)?$"))

    others_page.goto(f"{service.site}/blog/naznachennaya-statya")
    assert (
        "404" in (others_page.title() + others_page.inner_text("body")) or others_page.locator("article").count() == 0
    )

    page.select_option("[name=status]", "scheduled")
    page.wait_for_url("**status=scheduled**")
    row = page.locator("tr[data-post]", has_text="Назначенная статья")
    row.locator("[name=rowid]").check()
    page.click("button[name=action][value=publish]")
    page.wait_for_load_state()
    wait_until(lambda: service.rows("SELECT 1 FROM blog_posts WHERE slug LIKE 'naznach%%' AND published_at <= now()"))
    others_page.goto(f"{service.site}/blog?tag=срок")
    others_page.click("text=Назначенная статья")
    others_page.locator("article .prose img").wait_for()
    cover = others_page.locator("article img.post-cover")
    wait_until(lambda: cover.evaluate("(image) => image.naturalWidth") > 0)


def test_an_article_goes_back_with_a_reason_and_comes_again(page: Page, others_page: Page, service: Service) -> None:
    log_in(page, service, *sample_account(service, "user"))
    page.goto(f"{service.site}/articles/new")
    page.fill("[name=title]", "Опыт пекарни")
    page.fill("#article-text", "Мы пишем **по пятницам**.")
    page.click("button[name=do][value=submit]")
    page.wait_for_url(re.compile(r"/articles/\d+$"))
    number = page.url.rpartition("/")[2]

    log_in(others_page, service, *sample_account(service, "manager"))
    others_page.goto(f"{service.site}/review")
    others_page.click("text=Опыт пекарни")
    others_page.fill("[name=reason]", "Добавьте, пожалуйста, цифры.")
    others_page.click("form[action$='/reject'] button")
    others_page.wait_for_url("**/review")
    email = sample_account(service, "user")[0]
    wait_until(lambda: any("не одобрена" in mail["subject"] for mail in service.mails(email)))

    page.goto(f"{service.site}/articles/{number}")
    page.get_by_text("Добавьте, пожалуйста, цифры.").wait_for()
    page.click(f"a[href='/articles/{number}/edit']")
    page.fill("#article-text", "Мы пишем **по пятницам**: 40 % открывают магазин в субботу.")
    page.click("button[name=do][value=submit]")
    page.wait_for_url(re.compile(rf"/articles/{number}$"))
    others_page.goto(f"{service.site}/review/{number}")
    others_page.click(".decision-yes button")
    others_page.wait_for_url("**/review")
    page.goto(f"{service.site}/blog/opyt-pekarni")
    page.get_by_text("40 % открывают").wait_for()
