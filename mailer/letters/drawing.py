"""Each kind of block as MJML. Every value is escaped here, or was cleaned when it was read."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import singledispatchmethod

from mailer.composing.sieve import sieve
from mailer.letters import kinds, rich
from mailer.letters.colours import LEAST, LIGHT, contrast, ink_on, readable
from mailer.letters.document import LetterTheme

RAW = "rawpart{}end"  # stands where the author's own HTML is put in after compiling
SIDE = 25  # pixels to the left and right of words
NETWORK_NAMES = {
    "site": "Web", "vk": "VK", "telegram": "Telegram", "whatsapp": "WhatsApp", "ok": "OK", "youtube": "YouTube",
    "instagram": "Instagram", "facebook": "Facebook", "tiktok": "TikTok", "phone": "Phone", "mail": "Email",
    "map": "Map",
}  # fmt: skip


def esc(value: str) -> str:
    """A value as text or within a quoted attribute."""
    return html.escape(value, quote=True)


@dataclass(slots=True)
class Ground:
    """What a block stands on: its colours, readable there."""

    colour: str
    is_own: bool
    text: str
    muted: str
    link: str

    @classmethod
    def of(cls, block: kinds.Block, theme: LetterTheme) -> Ground:
        """The block's own background, or the theme's."""
        colour = block.background or theme.card
        text = theme.text if contrast(theme.text, colour) >= LEAST else ink_on(colour)
        return cls(colour, bool(block.background), text, readable(theme.muted, colour), readable(theme.accent, colour))


@dataclass(slots=True)
class Drawer:
    """Draws blocks in a theme. `picture_url` gives the public address of a picture; `raw` gathers the authors' HTML."""

    theme: LetterTheme
    picture_url: Callable[[str], str]
    raw: list[str] = field(default_factory=list)

    def draw(self, block: kinds.Block) -> str:
        """The block's sections."""
        return self._draw(block, Ground.of(block, self.theme))

    @singledispatchmethod
    def _draw(self, block: kinds.Block, ground: Ground) -> str:
        raise NotImplementedError(type(block))  # a kind without a drawing: a test draws them all

    @_draw.register
    def _logo(self, block: kinds.LogoBlock, ground: Ground) -> str:
        if not block.picture:
            words = self._linked(esc(block.alt), block.link, ground.text)
            return _section(
                _column(_words(words, ground, f'align="{block.align}" font-size="22px" padding="24px 25px 12px"')),
                ground,
            )
        is_dark = ink_on(ground.colour) == LIGHT
        picture = block.picture_dark if is_dark and block.picture_dark else block.picture
        has_two = bool(block.picture_dark) and not (is_dark or ground.is_own)  # those stay in the dark as they are
        names = "l-logo l-logo-light" if has_two else "l-logo-own" if is_dark and block.picture_dark else "l-logo"
        look = f'css-class="{names}" width="{block.width}px" align="{block.align}" padding="24px 25px 12px"'
        images = self._image(picture, block.alt, block.link, look) + (self._logo_in_the_dark(block) if has_two else "")
        return _section(_column(images), ground)

    def _logo_in_the_dark(self, block: kinds.LogoBlock) -> str:
        """The second logo, hidden until the style sheet of dark programs shows it; Outlook knows none and skips it."""
        margin = "0 auto" if block.align == "center" else "0"
        image = (
            f'<img src="{esc(self.picture_url(block.picture_dark))}" alt="{esc(block.alt)}" width="{block.width}" '
            f'style="display:block;width:{block.width}px;max-width:100%;height:auto;border:0;margin:{margin}"/>'
        )
        linked = f'<a href="{esc(block.link)}">{image}</a>' if block.link else image
        self.raw.append(
            "<!--[if !mso]><!-->"
            '<div class="l-logo-dark" style="display:none;max-height:0;overflow:hidden;mso-hide:all">'
            f'<div style="padding:24px 25px 12px">{linked}</div></div><!--<![endif]-->'
        )
        return f"<mj-raw>{RAW.format(len(self.raw) - 1)}</mj-raw>"

    @_draw.register
    def _heading(self, block: kinds.HeadingBlock, ground: Ground) -> str:
        size, level = (28, 1) if block.level == 1 else (21, 2)
        style = f"margin:0;font-size:{size}px;line-height:1.25;font-weight:bold"
        words = f'<h{level} style="{style}">{esc(block.text)}</h{level}>'
        return _section(_column(_words(words, ground, f'align="{block.align}" padding="16px {SIDE}px 4px"')), ground)

    @_draw.register
    def _text(self, block: kinds.TextBlock, ground: Ground) -> str:
        return _section(_column(_words(self._rich(block.html, ground), ground)), ground)

    @_draw.register
    def _button(self, block: kinds.ButtonBlock, ground: Ground) -> str:
        return _section(
            _column(self._press(block.label, block.link, block.colour, f'padding="12px {SIDE}px 20px"')), ground
        )

    @_draw.register
    def _picture(self, block: kinds.PictureBlock, ground: Ground) -> str:
        room = (
            'padding="0" fluid-on-mobile="true"'
            if block.wide
            else f'padding="8px {SIDE}px" border-radius="{self.theme.radius}px"'
        )
        return _section(_column(self._image(block.picture, block.alt, block.link, room)), ground)

    @_draw.register
    def _picture_text(self, block: kinds.PictureTextBlock, ground: Ground) -> str:
        look = f'padding="8px {SIDE}px" border-radius="{self.theme.radius}px"'
        parts = [
            _column(self._image(block.picture, block.alt, block.link, look), 'width="40%" vertical-align="middle"'),
            _column(_words(self._rich(block.html, ground), ground), 'width="60%" vertical-align="middle"'),
        ]
        # The picture stays above its words on a phone, whichever side it has on a wide screen.
        return _section(
            "".join(parts), ground, 'padding="8px 0"' + (' direction="rtl"' if block.picture_side == "right" else "")
        )

    @_draw.register
    def _columns(self, block: kinds.ColumnsBlock, ground: Ground) -> str:
        return _section("".join(_column(_words(self._rich(each.html, ground), ground)) for each in block.items), ground)

    @_draw.register
    def _products(self, block: kinds.ProductsBlock, ground: Ground) -> str:
        rows = (block.items[start : start + block.per_row] for start in range(0, len(block.items), block.per_row))
        width = f'width="{100 / block.per_row:.4f}%"'
        return "".join(
            _section(
                "".join(_column(self._product(each, block.label, ground), width) for each in row),
                ground,
                'padding="4px 8px"',
            )
            for row in rows
        )

    def _product(self, product: kinds.Product, label: str, ground: Ground) -> str:
        name = self._linked(f"<b>{esc(product.name)}</b>", product.link, ground.text)
        price = f'<span style="font-size:18px">{esc(product.price)}</span>' if product.price else ""
        if product.old_price:
            price += f' <s class="l-old" style="color:{ground.muted}">{esc(product.old_price)}</s>'
        words = _words(f"{name}<br/>{price}" if price else name, ground, 'align="center" padding="4px 14px 8px"')
        picture = self._image(
            product.picture, product.alt, product.link, f'padding="8px 14px" border-radius="{self.theme.radius}px"'
        )
        button = (
            self._press(label, product.link, "", 'font-size="14px" inner-padding="9px 20px" padding="4px 14px 18px"')
            if label
            else ""
        )
        return (picture if product.picture else "") + words + button

    @_draw.register
    def _quote(self, block: kinds.QuoteBlock, ground: Ground) -> str:
        words = self._rich(block.html, ground)
        if block.author:
            style = f"margin:8px 0 0;color:{ground.muted};font-style:normal"
            words += f'<div class="l-old" style="{style}">— {esc(block.author)}</div>'
        column = _column(
            _words(words, ground, 'font-style="italic" padding="0 0 0 16px"'),
            f'border-left="4px solid {self.theme.accent}"',
        )
        return _section(column, ground, f'padding="12px {SIDE}px"')

    @_draw.register
    def _divider(self, block: kinds.DividerBlock, ground: Ground) -> str:
        line = "#d5d9de" if ink_on(ground.colour) != "#ffffff" else "#5a6068"
        return _section(
            _column(f'<mj-divider border-width="1px" border-color="{line}" padding="12px {SIDE}px"/>'), ground
        )

    @_draw.register
    def _spacer(self, block: kinds.SpacerBlock, ground: Ground) -> str:
        return _section(_column(f'<mj-spacer height="{block.height}px"/>'), ground)

    @_draw.register
    def _contacts(self, block: kinds.ContactsBlock, ground: Ground) -> str:
        icons = "".join(self._icon(each) for each in block.items)
        row = (
            f'<mj-social mode="horizontal" icon-size="32px" padding="12px {SIDE}px 4px">{icons}</mj-social>'
            if icons
            else ""
        )
        words = _words(
            self._rich(block.html, ground, ground.muted),
            ground,
            'align="center" font-size="14px" padding="4px 25px 16px"',
            ground.muted,
            "l-muted",
        )
        return _section(_column(row + (words if block.html else "")), ground)

    def _icon(self, each: kinds.Social) -> str:
        source = esc(self.picture_url(f"starter/icon-{each.network}.png"))
        link = f' href="{esc(each.link)}"' if each.link else ""
        name = NETWORK_NAMES[each.network]
        look = 'background-color="transparent" padding="4px 6px"'
        return f'<mj-social-element src="{source}" alt="{name}" {look}{link}></mj-social-element>'

    @_draw.register
    def _unsubscribe(self, block: kinds.UnsubscribeBlock, ground: Ground) -> str:
        page = block.background or self.theme.page
        muted = readable(self.theme.muted, page)
        style = f"color:{muted};text-decoration:underline"
        link = f'<a style="{style}" href="{{{{ unsubscribe_url }}}}">{esc(block.label)}</a>'
        reason = f"{esc(block.reason)}<br/>" if block.reason else ""
        look = f'align="center" color="{muted}" font-size="13px" padding="12px {SIDE}px 24px"'
        words = f'<mj-text css-class="l-foot" {look}>{reason}{link}</mj-text>'
        return f'<mj-section padding="0"{_background(block)}>{_column(words)}</mj-section>'

    @_draw.register
    def _html(self, block: kinds.HtmlBlock, ground: Ground) -> str:
        self.raw.append(sieve(block.html, is_piece=True).html)
        return _section(_column(f"<mj-raw>{RAW.format(len(self.raw) - 1)}</mj-raw>"), ground)

    def _rich(self, words: str, ground: Ground, colour: str | None = None) -> str:
        return rich.as_mail(words, colour or ground.link, ground.link, ground.muted, ground.colour)

    def _linked(self, inner: str, link: str, colour: str) -> str:
        return (
            f'<a class="l-name" style="color:{colour};text-decoration:none" href="{esc(link)}">{inner}</a>'
            if link
            else inner
        )

    def _image(self, picture: str, alt: str, link: str, look: str) -> str:
        href = f' href="{esc(link)}"' if link else ""
        return f'<mj-image src="{esc(self.picture_url(picture))}" alt="{esc(alt)}"{href} {look}/>' if picture else ""

    def _press(self, label: str, link: str, colour: str, look: str) -> str:
        back = colour or self.theme.accent
        href = f' href="{esc(link)}"' if link else ""
        colours = f'background-color="{back}" color="{ink_on(back)}"'
        return f'<mj-button css-class="l-button" {colours}{href} {look}>{esc(label)}</mj-button>'


def _section(inside: str, ground: Ground, look: str = 'padding="0"') -> str:
    own = " l-own" if ground.is_own else ""
    return f'<mj-section css-class="l-card{own}" background-color="{ground.colour}" {look}>{inside}</mj-section>'


def _column(inside: str, look: str = "") -> str:
    return f"<mj-column {look}>{inside}</mj-column>"


def _words(inside: str, ground: Ground, look: str = "", colour: str = "", name: str = "l-text") -> str:
    room = "" if "padding=" in look else f' padding="8px {SIDE}px"'
    return f'<mj-text css-class="{name}" color="{colour or ground.text}"{room} {look}>{inside}</mj-text>'


def _background(block: kinds.Block) -> str:
    return f' css-class="l-own" background-color="{block.background}"' if block.background else ""
