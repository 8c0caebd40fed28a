/* Buttons that write Markdown into the text of the form: [data-markdown-bar] names its field by aria-controls. Pictures are uploaded
   and put in where the cursor was; they may also be dropped or pasted into the text.

   golub.js is not imported: its address carries a hash, so that a second copy of it would run. */
const WRAPS = { bold: ["**", "**"], italic: ["*", "*"], code: ["`", "`"], link: ["[", "](https://)"] };
const LINES = { heading: () => "## ", quote: () => "> ", list: () => "- ", numbers: (number) => `${number + 1}. ` };

for (const bar of document.querySelectorAll("[data-markdown-bar]")) {
  const field = document.getElementById(bar.getAttribute("aria-controls"));
  const button = bar.querySelector("[data-markdown=picture]");
  const chooser = bar.querySelector("[data-markdown-file]");
  bar.addEventListener("click", ({ target }) => {
    const kind = target.closest("[data-markdown]")?.dataset.markdown;
    if (kind === "picture") chooser.click();
    else if (kind) write(field, kind);
  });
  chooser.addEventListener("change", () => {
    for (const file of chooser.files) upload(field, button, file);
    chooser.value = "";
  });
  for (const type of ["drop", "paste"]) {
    field.addEventListener(type, (event) => {
      const files = [...(event.dataTransfer ?? event.clipboardData).files].filter((file) =>
        file.type.startsWith("image/"),
      );
      if (!files.length) return;
      event.preventDefault();
      for (const file of files) upload(field, button, file);
    });
  }
  field.addEventListener("keydown", (event) => {
    const kind = { b: "bold", i: "italic", k: "link" }[event.key.toLowerCase()];
    if (!kind || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    write(field, kind);
  });
}

function write(field, kind) {
  const { selectionStart: start, selectionEnd: end, value } = field;
  if (kind in WRAPS) {
    const [before, after] = WRAPS[kind];
    put(field, before + value.slice(start, end) + after, start, end);
    field.setSelectionRange(start + before.length, end + before.length);
  } else {
    const first = value.lastIndexOf("\n", start - 1) + 1;
    const lines = value.slice(first, end).split("\n");
    put(field, lines.map((line, number) => LINES[kind](number) + line).join("\n"), first, end);
  }
}

/* Keeps the browser's own undo; where that is not there, the plain way. */
function put(field, text, start, end) {
  field.focus();
  field.setSelectionRange(start, end);
  if (!document.execCommand?.("insertText", false, text)) {
    field.setRangeText(text, start, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

async function upload(field, button, file) {
  const body = new FormData();
  body.append("picture", file);
  button.setAttribute("aria-busy", "true");
  const headers = {
    "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content,
    Accept: "application/json",
  };
  const answer = await fetch(button.dataset.address, { method: "POST", body, headers }).catch(() => null);
  button.removeAttribute("aria-busy");
  const said = answer?.ok || answer?.status === 422 ? await answer.json() : {};
  if (said.address) put(field, `\n![${button.dataset.alt}](${said.address})\n`, field.selectionEnd, field.selectionEnd);
  else complain(field, said.error || button.dataset.failed);
}

function complain(field, text) {
  document.getElementById("announcer").textContent = text;
  field.setCustomValidity(text);
  field.reportValidity();
  field.addEventListener("input", () => field.setCustomValidity(""), { once: true });
}
