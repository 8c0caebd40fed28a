/* What pages do beyond HTML. Everything here is a courtesy: each page works without it.
   Behaviours are declared in the markup by data attributes and found by delegation, so that parts
   swapped in by htmx need no set-up. */

const root = document.documentElement;
const on = (type, selector, act) =>
  document.addEventListener(type, (event) => {
    const found = event.target.closest?.(selector);
    if (found) act(found, event);
  });

/* [data-select-all]: a line that offers a list is typed over, not added to. */
on("focusin", "input[data-select-all]", (input) => requestAnimationFrame(() => input.select()));

/* input[data-enter="#id"]: Enter presses that button, where the first one of the form does something else. */
on("keydown", "input[data-enter]", (input, event) => {
  if (event.key !== "Enter" || event.isComposing) return;
  event.preventDefault();
  document.querySelector(input.dataset.enter).click();
});

/* Theme: [data-theme-choice="auto|light|dark"]; theme.js applies it. */
function showTheme() {
  for (const button of document.querySelectorAll("[data-theme-choice]:not(html)")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === root.dataset.themeChoice));
  }
}
on("click", "button[data-theme-choice]", (button) => {
  try {
    localStorage.setItem("theme", button.dataset.themeChoice);
  } catch {
    return; // storage may be forbidden: the system's theme stays
  }
  dispatchEvent(new Event("themechange"));
  showTheme();
});

/* Paper: button[data-print]. */
on("click", "[data-print]", () => print());

/* Confirmation: form[data-confirm="question"], or a single button of a form, asks before it posts; hx-confirm uses the same
   dialog. */
const dialog = document.getElementById("confirm-dialog");

function ask({ question, title, yes, danger }) {
  const button = dialog.querySelector("[data-confirm-yes]");
  dialog.original ??= { title: dialog.querySelector("h2").textContent, yes: button.textContent };
  dialog.querySelector("h2").textContent = title || dialog.original.title;
  dialog.querySelector("p").textContent = question;
  button.textContent = yes || dialog.original.yes;
  button.classList.toggle("btn-danger", danger);
  button.classList.toggle("btn-primary", !danger);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const asking = "confirm" in (event.submitter?.dataset ?? {}) ? event.submitter : form;
    if (!("confirm" in asking.dataset) || form.agreed) return;
    event.preventDefault();
    event.stopPropagation();
    const { confirm: question, confirmTitle: title, confirmYes: yes } = asking.dataset;
    if (await ask({ question, title, yes, danger: "confirmDanger" in asking.dataset })) {
      form.agreed = true;
      form.requestSubmit(event.submitter);
      form.agreed = false;
    }
  },
  true,
);
document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  if (await ask({ question: event.detail.question, danger: false })) event.detail.issueRequest(true);
});

/* Forms: one submission at a time, a warning before unsaved work is lost, filters that apply themselves. */
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.isBusy) return void event.preventDefault();
  form.isBusy = true;
  form.isDirty = false;
  event.submitter?.setAttribute("aria-busy", "true");
  setTimeout(() => release(form), 5000); // the answer may have been a download
});
function release(form) {
  form.isBusy = false;
  for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
}
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.forms) release(form);
});
on("input", "form[data-warn-unsaved]", (form) => (form.isDirty = true));
addEventListener("beforeunload", (event) => {
  if ([...document.forms].some((form) => form.isDirty)) event.preventDefault();
});
on("change", "form[data-auto-submit]", (form, event) => {
  if (event.target.matches("select, [type=checkbox], [type=radio], [type=date]")) form.requestSubmit();
});

/* Files: [data-file-drop] shows what was chosen and lights up under a dragged file. */
on("change", "[data-file-drop] input[type=file]", (input) => {
  const line = input.closest("[data-file-drop]").querySelector("[data-file-name]");
  const megabytes = new Intl.NumberFormat(root.lang, { style: "unit", unit: "megabyte", maximumFractionDigits: 2 });
  line.textContent = [...input.files]
    .map((file) => `${file.name} · ${megabytes.format(file.size / 1048576)}`)
    .join(", ");
  line.hidden = !input.files.length;
});
for (const type of ["dragenter", "dragleave", "drop"]) {
  on(type, "[data-file-drop]", (drop) => drop.classList.toggle("is-over", type === "dragenter"));
}

/* Lists: [data-select-all="ids"], [data-selection-bar], [data-selection-count], [data-needs-selection]. */
function showSelection(form, name) {
  const boxes = [...form.querySelectorAll(`input[type=checkbox][name="${name}"]`)];
  const count = boxes.filter((box) => box.checked).length;
  for (const all of form.querySelectorAll(`[data-select-all="${name}"]`)) {
    all.checked = count > 0 && count === boxes.length;
    all.indeterminate = count > 0 && count < boxes.length;
  }
  for (const shown of form.querySelectorAll("[data-selection-count]"))
    shown.textContent = count.toLocaleString(root.lang);
  for (const bar of form.querySelectorAll("[data-selection-bar]")) bar.hidden = !count;
  for (const button of form.querySelectorAll("[data-needs-selection]")) button.disabled = !count;
}
on("change", "form input[type=checkbox]", (box) => {
  const name = box.dataset.selectAll ?? box.name;
  if (!box.form.querySelector(`[data-select-all="${CSS.escape(name)}"]`)) return;
  if (box.dataset.selectAll) {
    for (const one of box.form.querySelectorAll(`input[name="${CSS.escape(name)}"]`)) one.checked = box.checked;
  }
  showSelection(box.form, name);
});
for (const all of document.querySelectorAll("[data-select-all]"))
  if (all.form) showSelection(all.form, all.dataset.selectAll);

/* Wide tables: a panel that cuts its table off can be scrolled by keyboard, and shows by a shadow on which side there is more. */
function markCut(body) {
  const isCut = body.scrollWidth > body.clientWidth + 1;
  body.classList.toggle("is-cut", isCut);
  body.classList.toggle("is-at-end", isCut && body.scrollLeft + body.clientWidth >= body.scrollWidth - 1);
  if (isCut) body.tabIndex = 0;
  else body.removeAttribute("tabindex");
}
/* Observed, since a table also grows without the window: by what a media query, a font or new rows change. */
const sizes = new ResizeObserver((entries) => {
  for (const body of new Set(entries.map(({ target }) => target.closest(".panel-body")))) if (body) markCut(body);
});
function markAllCut() {
  for (const body of document.querySelectorAll(".panel-flush > .panel-body")) {
    markCut(body);
    for (const part of [body, ...body.children]) sizes.observe(part);
  }
}
document.addEventListener(
  "scroll",
  ({ target }) => target.matches?.(".panel-flush > .panel-body") && markCut(target),
  true,
);

/* Words for screen readers: announce(text). [data-announce] in a part that polls is read out when its text has changed,
   but at most every ten seconds; data-announce="now" (the end of a run) does not wait. */
const announcer = document.getElementById("announcer");
let announcedAt = 0;
let announced = "";

export function announce(text, { patient = false } = {}) {
  if (patient && (text === announced || Date.now() - announcedAt < 10_000)) return;
  [announced, announcedAt] = [text, Date.now()];
  announcer.textContent = text;
}

/* Copying: [data-copy="text"] */
on("click", "[data-copy]", async (button) => {
  await navigator.clipboard.writeText(button.dataset.copy);
  const label = button.querySelector("[data-copy-label]");
  label.dataset.before ??= label.textContent;
  label.textContent = button.dataset.copied;
  announce(button.dataset.copied);
  setTimeout(() => {
    label.textContent = label.dataset.before;
  }, 2000);
});

/* Flash messages: passing ones leave after 8 seconds, unless looked at. */
on("click", "[data-dismiss-flash]", (button) => button.closest(".flash").remove());
function passFlashes() {
  for (const flash of document.querySelectorAll(".flash[data-passing]")) {
    const leave = () => setTimeout(() => (flash.matches(":hover, :focus-within") ? leave() : flash.remove()), 8000);
    leave();
  }
}

/* Times: [data-relative="2026-11-21T09:00:00+00:00"] keeps saying how far away it is. */
const steps = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const words = new Intl.RelativeTimeFormat(root.lang || "ru", { numeric: "always" });
const now = new Intl.RelativeTimeFormat(root.lang || "ru", { numeric: "auto" }).format(0, "second");
function tick() {
  for (const shown of document.querySelectorAll("[data-relative]")) {
    const seconds = (Date.parse(shown.dataset.relative) - Date.now()) / 1000;
    const [unit, size] = steps.find(([, size]) => Math.abs(seconds) >= size * 0.85) ?? ["second", 1]; // as Babel does
    const said = Math.round(seconds / size) ? words.format(Math.round(seconds / size), unit) : now;
    const text = root.lang === "ru" ? said.replace(/(^|\s)1\s/, "$1") : said; // «неделю назад», as the server says it
    if (shown.textContent !== text) shown.textContent = text;
  }
}

/* htmx: the token goes with every request; a thin line shows those that a person started (polling stays silent). */
const isPolling = (element) => /\bevery\b|\bload\b/.test(element.getAttribute("hx-trigger") ?? "");
document.addEventListener("htmx:configRequest", ({ detail }) => {
  detail.headers["X-CSRFToken"] = document.querySelector("meta[name=csrf-token]")?.content ?? "";
});
document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (!isPolling(detail.elt)) root.classList.add("is-loading");
});
/* [data-keeps-selection]: a part that renews itself waits while somebody marks words in it. */
document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
  if (!detail.fragment.querySelector("[data-keeps-selection]")) return;
  const marked = getSelection();
  if (!marked.isCollapsed && marked.containsNode(detail.target, true)) detail.shouldSwap = false;
});
document.addEventListener("htmx:afterRequest", () => root.classList.remove("is-loading"));
document.addEventListener("htmx:afterSettle", ({ target }) => {
  tick();
  markAllCut();
  for (const said of target.querySelectorAll?.("[data-announce]") ?? []) {
    announce(said.textContent.trim(), { patient: said.dataset.announce !== "now" });
  }
});

on("click", "[data-go-back]", () => history.back());
document.querySelector("[data-error-summary]")?.focus();
showTheme();
passFlashes();
tick();
markAllCut();
setInterval(tick, 1000);
