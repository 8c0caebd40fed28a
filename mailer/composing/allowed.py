"""What HTML may hold in a mail."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = _words(
    "a abbr article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl dt"
    " em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p pre q s samp"
    " section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
DROPPED_WITH_CONTENT = _words(
    "script style title template noscript iframe object embed svg math select textarea noframes noembed"
)
_CELL = _words("width height bgcolor align valign colspan rowspan nowrap scope")
ATTRIBUTES = {
    "*": _words("style title dir lang align"),
    "a": _words("href name target"),
    "img": _words("src alt width height border hspace vspace"),
    "table": _words("width height border cellpadding cellspacing bgcolor role summary"),
    "tr": _words("height bgcolor valign"),
    "td": _CELL,
    "th": _CELL,
    "col": _words("width span"),
    "colgroup": _words("width span"),
    "font": _words("color face size"),
    "ol": _words("start type"),
    "ul": _words("type"),
    "li": _words("value"),
    "hr": _words("width size color noshade"),
}
# Nothing that loads, and nothing that leaves its place on the page.
STYLES = _words(
    "background-color border border-bottom border-bottom-color border-bottom-style border-bottom-width"
    " border-collapse border-color border-left border-left-color border-left-style border-left-width"
    " border-radius border-right border-right-color border-right-style border-right-width border-spacing"
    " border-style border-top border-top-color border-top-style border-top-width border-width box-sizing"
    " caption-side clear color direction display empty-cells float font font-family font-size font-style"
    " font-variant font-weight height letter-spacing line-height list-style-type margin margin-bottom"
    " margin-left margin-right margin-top max-height max-width min-height min-width overflow overflow-wrap"
    " padding padding-bottom padding-left padding-right padding-top table-layout text-align"
    " text-decoration text-indent text-transform vertical-align visibility white-space width word-break"
    " word-spacing word-wrap"
)
SCHEMES = {"href": ("http:", "https:", "mailto:", "tel:"), "src": ("https:", "cid:")}
MAY_HOLD_PLACEHOLDERS = _words("href src alt title")
