/* The block editor: what is typed keeps itself, the preview follows, blocks can be dragged. Without it every form still works. */

const QUIET = 800;
const AGAIN = 5000;
let timer;
let dirty = null; // the form that holds what is not kept yet
let saving = Promise.resolve();
const view = { narrow: false, dark: false, client: "" };

const desk = () => document.getElementById("letter-desk");
const on = (type, selector, act) =>
  document.addEventListener(type, (event) => {
    const found = event.target.closest?.(selector);
    if (found) act(found, event);
  });

/* Keeping. */
const typed = (form) => {
  dirty = form;
  clearTimeout(timer);
  timer = setTimeout(flush, QUIET);
};
on("input", "form[data-letter-part]", (form, { target }) => {
  if (target.name && target.name !== "keep") typed(form);
});

function flush() {
  clearTimeout(timer);
  saving = saving.then(keep);
  return saving;
}

async function keep() {
  const form = dirty;
  if (!form?.isConnected) {
    dirty = null;
    return;
  }
  const data = new FormData(form);
  data.delete("keep");
  dirty = null;
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: data,
      headers: { Accept: "application/json" },
      redirect: "manual",
    });
    if (answer.type === "opaqueredirect") return form.submit(); // signed out: the form is kept there, and opened after signing in
    if (answer.status === 409) return form.requestSubmit(); // the page comes with the choice
    const said = await answer.json();
    showFaults(form, said.faults ?? {});
    if (!answer.ok) return say(said.error ?? said.detail, true);
    form.elements.seen.value = said.seen;
    say(said.saved);
    const words = document.querySelector(`[data-words="${form.dataset.letterPart}"]`);
    if (words && said.words !== null) words.textContent = said.words;
    preview(said.revision);
  } catch {
    dirty ??= form;
    timer = setTimeout(flush, AGAIN);
    say(desk().dataset.lost, true);
  }
}

function say(words, isBad = false) {
  const state = document.querySelector("[data-letter-state]");
  if (!state || !words) return;
  state.textContent = words;
  state.classList.toggle("is-bad", isBad);
}

function showFaults(form, faults) {
  for (const old of form.querySelectorAll("[data-live-fault]")) old.remove();
  for (const field of form.querySelectorAll("[aria-invalid][data-live]")) field.removeAttribute("aria-invalid");
  for (const [name, words] of Object.entries(faults)) {
    const control = form.elements[name];
    if (!control) continue;
    const line = Object.assign(document.createElement("p"), { className: "field-errors", textContent: words });
    line.dataset.liveFault = "";
    control.dataset.live = "";
    control.setAttribute("aria-invalid", "true");
    control.closest(".field").append(line);
  }
}

/* Nothing is sent, and no page left, before what was typed is kept. */
document.addEventListener("htmx:confirm", async (event) => {
  if (!dirty || event.detail.question) return;
  event.preventDefault();
  await flush();
  event.detail.issueRequest();
});
document.addEventListener(
  "submit",
  async (event) => {
    if (!dirty || !desk() || (desk().contains(event.target) && !event.target.closest('[hx-boost="false"]'))) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    await flush();
    event.target.requestSubmit(event.submitter);
  },
  true,
);
addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if ([409, 422].includes(detail.xhr.status) && detail.target.id === "letter-desk") detail.shouldSwap = true;
});
on("click", '[aria-disabled="true"]', (_button, event) => event.preventDefault());

/* The preview. */
function preview(revision) {
  const frame = document.querySelector("[data-letter-frame]");
  if (!frame) return;
  frame.dataset.revision = revision ?? frame.dataset.revision ?? "";
  const { part, preview: address } = desk().dataset;
  const query = new URLSearchParams({
    rev: frame.dataset.revision,
    scheme: view.dark ? "dark" : "light",
    client: view.client,
  });
  frame.src = `${address}?${query}${/^b\d/.test(part) ? `#${part}` : ""}`;
  document.body.dispatchEvent(new Event("letter:shown"));
}

function showView() {
  const frame = document.querySelector("[data-letter-frame]");
  if (!frame) return;
  frame.classList.toggle("is-narrow", view.narrow);
  for (const button of document.querySelectorAll("[data-preview-width]"))
    button.setAttribute("aria-pressed", String((button.dataset.previewWidth === "narrow") === view.narrow));
  document.querySelector("[data-preview-dark]").setAttribute("aria-pressed", String(view.dark));
  document.querySelector("[data-preview-client]").value = view.client;
}
on("click", "[data-preview-width]", (button) => {
  view.narrow = button.dataset.previewWidth === "narrow";
  showView();
});
on("click", "[data-preview-dark]", () => {
  view.dark = !view.dark;
  showView();
  preview();
});
on("change", "[data-preview-client]", (select) => {
  view.client = select.value;
  preview();
});

/* Colours and pictures. */
on("input", "[data-colour-of]", (pick) => put(document.getElementById(pick.dataset.colourOf), pick.value));
document.addEventListener("picture:picked", ({ target, detail }) => {
  const field = document.getElementById(target.dataset.pictureFor ?? "");
  if (!field) return;
  const was = field.value;
  put(field, detail.src);
  const alt = document.getElementById(
    field.id.replace(/(picture|logo)$/, (name) => (name === "logo" ? "logo_alt" : "alt")),
  );
  // Words that came with the picture before say nothing of this one; what was typed since stays.
  const isOfAnother = was && was !== detail.src && alt?.value === alt?.defaultValue;
  if (alt && (!alt.value || isOfAnother) && alt.value !== detail.alt) put(alt, detail.alt);
});

function put(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/* Keys: Ctrl+Enter opens the next block, at the last one it leads to saving; Ctrl+S saves. */
addEventListener(
  "keydown",
  (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]")) return;
    const save = document.querySelector("[data-save-letter]");
    if (event.code === "KeyS" && !event.shiftKey) save.click();
    else if (event.key === "Enter" && desk().contains(event.target)) {
      const next = document.getElementById("next-block");
      if (next) next.click();
      else save.focus();
    } else return;
    event.preventDefault();
    event.stopPropagation(); // the box of formatted text would begin a new line
  },
  true,
);

/* Where to go on typing in the part that was opened: a line is marked, as Tab marks it, to be typed over. */
function focusFirst() {
  const form = document.querySelector("form[data-letter-part]");
  const opened = form.closest(".letter-block") ?? form;
  const { top, bottom } = opened.getBoundingClientRect();
  if (top < 0 || Math.min(bottom, top + 300) > innerHeight) opened.scrollIntoView({ block: "start" });
  if (matchMedia("(pointer: coarse)").matches) return document.getElementById(`open-${desk().dataset.part}`)?.focus();
  const first = [...form.querySelectorAll("input:not([type=hidden]), select, textarea, .rich-text")].find(
    (each) => each.offsetParent,
  );
  if (!first) return;
  (first.closest(".picture-field")?.querySelector("[data-pick-picture]") ?? first).focus({ preventScroll: true });
  first.select?.();
}

/* Dragging, a courtesy beside the buttons. */
function makeSortable() {
  const list = document.getElementById("letter-blocks");
  if (!list || !window.Sortable) return;
  new Sortable(list, {
    handle: "[data-grip]",
    draggable: ".letter-block",
    filter: "[data-fixed]",
    forceFallback: true,
    animation: 0,
    onEnd: ({ item, newIndex, oldIndex }) => {
      if (newIndex === oldIndex) return;
      const form = item.querySelector(".letter-block-acts");
      htmx.ajax("POST", form.getAttribute("action"), {
        source: form,
        target: "#letter-desk",
        select: "#letter-desk",
        swap: "outerHTML show:none",
        values: { act: "to", place: newIndex, part: desk().dataset.part },
      });
    },
  });
}

document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.elt.id !== "letter-desk") return;
  makeSortable();
  showView();
  if (view.dark || view.client) preview();
  if (desk().dataset.focus === "first") return focusFirst();
  const focused = document.getElementById(desk().dataset.focus);
  if (focused && !desk().contains(document.activeElement)) focused.focus();
});
makeSortable();
if (desk()?.dataset.focus === "first" && !matchMedia("(pointer: coarse)").matches) focusFirst();
