/* Formatted text: [data-rich] holds a textarea, a toolbar and an empty box; the box becomes the editor, the textarea keeps what it says.

   Classes stand for sizes and colours, since the page's policy knows no inline styles. */

const SIZES = ["size-small", "size-large", "size-huge"];
const INKS = ["ink-accent", "ink-muted", "ink-red", "ink-green", "ink-blue", "ink-violet"];
const KEPT = {
  ALLOWED_TAGS: ["b", "strong", "i", "em", "a", "ul", "ol", "li", "br", "p", "span"],
  ALLOWED_ATTR: ["href", "class"],
};
const PLACEHOLDER = /\{\{[^{}\n]{1,500}\}\}/g;
const marked = new Map(); // ranges of placeholders by editor, shown as chips without changing the text

DOMPurify.addHook("uponSanitizeAttribute", (_node, data) => {
  if (data.attrName !== "class") return;
  data.attrValue = data.attrValue
    .split(/\s+/)
    .filter((name) => SIZES.includes(name) || INKS.includes(name))
    .join(" ");
  data.keepAttr = Boolean(data.attrValue);
});

/* What Word and web pages put on the clipboard, without what the policy would report, and with its meaning as tags. */
function bare(html) {
  return html
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<(style|script|title|xml)\b[\s\S]*?<\/\1\s*>/gi, "")
    .replace(/<b\s[^>]*font-weight:\s*normal[^>]*>([\s\S]*)<\/b>/i, "$1")
    .replace(/<span\b[^>]*font-weight:\s*(?:bold|[6-9]00)[^>]*>([^<]*)<\/span>/gi, "<b>$1</b>")
    .replace(/<span\b[^>]*font-style:\s*italic[^>]*>([^<]*)<\/span>/gi, "<i>$1</i>")
    .replace(/<h[1-6]\b[^>]*>/gi, "<p><b>")
    .replace(/<\/h[1-6]\s*>/gi, "</b></p>")
    .replace(/<\/t[dh]\s*>/gi, " ")
    .replace(/<(\/?)(?:div|tr|section|article)\b[^>]*>/gi, "<$1p>")
    .replace(/\s(?:style|on\w+|background|srcset)\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]+)/gi, "");
}

const fragment = (html) =>
  document.importNode(DOMPurify.sanitize(bare(html), { ...KEPT, RETURN_DOM_FRAGMENT: true }), true);

function asLink(typed) {
  const text = typed.trim();
  if (!text || /^(?:\{\{|https?:|mailto:|tel:)/i.test(text)) return text;
  if (/^[^\s@/]+@[^\s@/]+$/.test(text)) return `mailto:${text}`;
  if (/^\+?[\d\s()-]{5,25}$/.test(text)) return `tel:${text.replace(/[^\d+]/g, "")}`;
  return `https://${text}`;
}

function setUp(field) {
  const area = field.querySelector("textarea");
  const box = field.querySelector(".rich-text");
  const bar = field.querySelector("[role=toolbar]");
  area.hidden = true;
  box.hidden = false;
  box.setAttribute("role", "textbox");
  box.setAttribute("aria-multiline", "true");
  box.setAttribute("aria-label", box.dataset.label);
  if (area.hasAttribute("aria-describedby"))
    box.setAttribute("aria-describedby", area.getAttribute("aria-describedby"));
  field.querySelector("label").addEventListener("click", () => box.focus());

  const editor = new Squire(box, { blockTag: "P", sanitizeToDOMFragment: fragment });
  editor.setHTML(area.value);
  box.classList.add("is-ready");
  const told = () => {
    area.value = editor.getHTML();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  editor.addEventListener("input", () => {
    told();
    chips(box);
  });
  chips(box);

  // Squire listens while an event goes down, so what comes before it sits on its parent.
  field.addEventListener(
    "paste",
    (event) => {
      const html = box.contains(event.target) && event.clipboardData.getData("text/html");
      if (!html) return;
      event.preventDefault();
      event.stopPropagation();
      editor.insertHTML(bare(html), true);
    },
    true,
  );
  field.addEventListener(
    "beforeinput",
    (event) => event.inputType === "insertLineBreak" && event.stopPropagation(),
    true,
  );
  toolbar(field, bar, box, editor);
}

function toolbar(field, bar, box, editor) {
  const more = (name) => field.querySelector(`[data-more="${name}"]`);
  const close = () => {
    for (const panel of field.querySelectorAll("[data-more]")) panel.hidden = true;
    for (const button of bar.querySelectorAll("[aria-expanded]")) button.setAttribute("aria-expanded", "false");
  };
  const open = (name) => {
    const panel = more(name);
    const wasHidden = panel.hidden;
    close();
    panel.hidden = !wasHidden;
    bar.querySelector(`[data-do="${name}"]`).setAttribute("aria-expanded", String(wasHidden));
    if (wasHidden) panel.querySelector("input, select, button").focus();
    else editor.focus();
  };
  const repaint = (group, chosen) => {
    for (const name of group) editor.changeFormat(null, { tag: "SPAN", attributes: { class: name } });
    if (chosen) editor.changeFormat({ tag: "SPAN", attributes: { class: chosen } }, null);
    editor.focus();
  };
  const acts = {
    bold: () => (editor.hasFormat("B") ? editor.removeBold() : editor.bold()),
    italic: () => (editor.hasFormat("I") ? editor.removeItalic() : editor.italic()),
    ul: () => (editor.hasFormat("UL") ? editor.removeList() : editor.makeUnorderedList()),
    ol: () => (editor.hasFormat("OL") ? editor.removeList() : editor.makeOrderedList()),
    undo: () => editor.undo(),
    redo: () => editor.redo(),
  };
  const openLink = () => {
    const range = editor.getSelection();
    const start = range.startContainer;
    const link = (start.nodeType === 1 ? start : start.parentElement)?.closest("a");
    more("link").querySelector("[data-link-address]").value = link?.getAttribute("href") ?? "";
    open("link");
  };
  const setLink = () => {
    const address = asLink(more("link").querySelector("[data-link-address]").value);
    close();
    editor.focus();
    if (address) editor.makeLink(address);
  };

  bar.addEventListener("click", ({ target }) => {
    const act = target.closest("button[data-do]")?.dataset.do;
    if (!act) return;
    if (act === "link") return openLink();
    if (act === "place" || act === "emoji") return open(act);
    close();
    acts[act]();
    editor.focus();
  });
  bar.addEventListener("change", ({ target }) => repaint(target.dataset.do === "size" ? SIZES : INKS, target.value));
  bar.addEventListener("keydown", (event) => {
    const all = [...bar.querySelectorAll("[data-do]")];
    const at = all.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = all[(to + all.length) % all.length];
    for (const one of all) one.tabIndex = one === next ? 0 : -1;
    next.focus();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.closest("[data-more]")) {
      event.preventDefault();
      close();
      editor.focus();
    }
    if (event.key === "Enter" && event.target.matches("[data-link-address], [data-place-default]")) {
      event.preventDefault();
      event.target.closest("[data-more]").querySelector("button").click();
    }
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && box.contains(event.target)) {
      event.preventDefault();
      openLink();
    }
  });
  field.addEventListener("click", ({ target }) => {
    if (target.closest("[data-link-set]")) setLink();
    if (target.closest("[data-link-remove]")) {
      close();
      editor.focus();
      editor.removeLink();
    }
    if (target.closest("[data-place-insert]")) {
      const name = more("place").querySelector("[data-place-name]").value;
      const words = more("place")
        .querySelector("[data-place-default]")
        .value.replace(/["{}\n]/g, "")
        .trim();
      close();
      editor.focus();
      editor.insertPlainText(words ? `{{ ${name} | "${words}" }}` : `{{ ${name} }}`, false);
    }
    const sign = target.closest("[data-emoji]")?.textContent;
    if (sign) {
      editor.focus();
      editor.insertPlainText(sign, false);
    }
  });
  editor.addEventListener("pathChange", () => show(bar, editor));
}

function show(bar, editor) {
  const is = { bold: "B", italic: "I", ul: "UL", ol: "OL", link: "A" };
  for (const [act, tag] of Object.entries(is))
    bar.querySelector(`[data-do="${act}"]`).setAttribute("aria-pressed", String(editor.hasFormat(tag)));
  const chosen = (group) => group.find((name) => editor.hasFormat("SPAN", { class: name })) ?? "";
  bar.querySelector('[data-do="size"]').value = chosen(SIZES);
  bar.querySelector('[data-do="ink"]').value = chosen(INKS);
}

function chips(box) {
  if (!CSS.highlights) return;
  const ranges = [];
  const walker = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    for (const found of walker.currentNode.data.matchAll(PLACEHOLDER)) {
      const range = new Range();
      range.setStart(walker.currentNode, found.index);
      range.setEnd(walker.currentNode, found.index + found[0].length);
      ranges.push(range);
    }
  }
  marked.set(box, ranges);
  for (const one of marked.keys()) if (!one.isConnected) marked.delete(one);
  CSS.highlights.set("placeholders", new Highlight(...[...marked.values()].flat()));
}

const setUpAll = () => {
  for (const field of document.querySelectorAll("[data-rich]:not([data-is-set-up])")) {
    field.dataset.isSetUp = "";
    setUp(field);
  }
};
document.addEventListener("htmx:afterSettle", setUpAll);
setUpAll();
