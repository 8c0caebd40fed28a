"""What a letter's HTML may not hold, and where a placeholder may stand in it."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Taken out with all that is in them: mail programs show none of it.
DROPPED_WITH_CONTENT = _words("script iframe object applet svg math template noscript frameset textarea select noembed")
# Taken out alone: what is in them can be shown.
DROPPED_TAGS = _words(
    "base link embed param source track frame form button option optgroup datalist output keygen audio video"
    " noframes plaintext xmp listing portal fencedframe slot canvas"
)
DROPPED_ATTRIBUTES = _words("srcdoc srcset imagesrcset ping action formaction method manifest xlink:href poster")
# Attributes that hold an address, and the schemes it may have; `#` leads within the letter.
ADDRESSES = {
    "href": ("http:", "https:", "mailto:", "tel:", "sms:", "#"),
    "src": ("http:", "https:", "cid:"),
    "background": ("http:", "https:", "cid:"),
    **dict.fromkeys(("data", "dynsrc", "lowsrc", "longdesc", "cite", "o:href", "codebase", "classid"), ("https:",)),
}
MAY_HOLD_PLACEHOLDERS = _words("href src background alt title aria-label summary content")
# What opens and shuts parts of a letter without a script; other fields would ask readers for something.
SWITCHES = _words("checkbox radio")
OF_SWITCH = _words("type id class style name value checked hidden lang dir title role tabindex")
OUTLOOKS_OWN = _words("noscript")  # Outlook knows no scripts and shows what is in it; its settings stand there
FRAME = _words("html head body meta")
OF_STYLE = _words("type media id class lang data-embed")
META_NAMES = _words(
    "viewport color-scheme supported-color-schemes format-detection x-apple-disable-message-reformatting author"
)
META_HEADERS = _words("content-type x-ua-compatible content-language")
UTF_8 = re.compile(r"utf-?8", re.IGNORECASE)
# For the plain text of an HTML.
TAGS = _words(
    "a abbr article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt"
    " em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp"
    " section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
UNREAD = _words("script style title template noscript iframe object embed svg math select textarea noframes noembed")
