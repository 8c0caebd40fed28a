/* Pictures: [data-picture-upload] takes files chosen, dropped or pasted, one after the other; [data-pick-picture] opens the dialog of
   media/_dialog.html, and the event `picture:picked` at that button tells what was chosen.

   golub.js is not imported: its address carries a hash, so that a second copy of it would run. */
const TRIES = 5;

for (const form of document.querySelectorAll("[data-picture-upload]")) {
  const chooser = form.querySelector("input[type=file]");
  const button = form.querySelector("button");
  button.hidden = true;
  chooser.addEventListener("change", () => upload(form, [...chooser.files]));
  form.addEventListener("submit", (event) => event.preventDefault());
  for (const type of ["dragover", "dragleave", "drop"]) {
    form.addEventListener(type, (event) => {
      event.preventDefault();
      form.classList.toggle("is-over", type === "dragover");
      if (type === "drop") upload(form, picturesOf(event.dataTransfer));
    });
  }
}

document.addEventListener("paste", (event) => {
  if (event.target.closest?.("input:not([type=file]), textarea, [contenteditable]")) return;
  const form =
    document.querySelector("dialog[open] [data-picture-upload]") ??
    document.querySelector("main [data-picture-upload]");
  const files = picturesOf(event.clipboardData);
  if (form && files.length && (form.closest("dialog[open]") || !form.closest("dialog"))) upload(form, files);
});

function picturesOf(transfer) {
  return [...(transfer?.files ?? [])].filter((file) => file.type.startsWith("image/"));
}

/* One request a file: what fails is named alone, and the server draws one picture at a time anyway. */
async function upload(form, files) {
  if (!files.length || form.getAttribute("aria-busy")) return;
  const bar = form.querySelector("progress");
  const remarks = form.querySelector("[data-picture-remarks]");
  remarks.replaceChildren();
  bar.hidden = false;
  form.setAttribute("aria-busy", "true");
  const kept = [];
  for (const [number, file] of files.entries()) {
    bar.value = number / files.length;
    const answer = await send(form, file, (part) => {
      bar.value = (number + part) / files.length;
    });
    kept.push(...(answer.pictures ?? []));
    for (const { name, reason } of answer.refused ?? []) remark(remarks, `${name}: ${reason}`);
    if (!answer.pictures) remark(remarks, `${form.dataset.failed.replace("{name}", file.name)} ${answer.detail ?? ""}`);
  }
  bar.hidden = true;
  form.removeAttribute("aria-busy");
  form.querySelector("input[type=file]").value = "";
  if (!kept.length) return;
  remark(remarks, form.dataset.done.replace("{count}", kept.length));
  const dialog = form.closest("dialog");
  if (dialog && files.length === 1) pick(dialog, kept[0]);
  else if (dialog) show(dialog, dialog.dataset.picker, true);
  else if (kept.length === files.length) location.assign(form.action);
}

function send(form, file, told, tries = TRIES) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest(); // fetch tells nothing of how far an upload is
    const body = new FormData();
    body.append("pictures", file);
    request.open("POST", form.action);
    request.setRequestHeader("X-CSRFToken", document.querySelector("meta[name=csrf-token]").content);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => told(event.loaded / (event.total || 1)));
    request.addEventListener("error", () => resolve({}));
    request.addEventListener("load", () => {
      if (request.status === 503 && tries > 1) {
        setTimeout(() => send(form, file, told, tries - 1).then(resolve), 2000);
      } else if ([201, 422, 503, 507].includes(request.status)) {
        resolve(read(request.responseText)); // what the server says, or nothing where it was a proxy that answered
      } else resolve({});
    });
    request.send(body);
  });
}

function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function remark(list, text) {
  const line = document.createElement("li");
  line.textContent = text;
  list.append(line);
}

let asking = null;

document.addEventListener("click", ({ target }) => {
  const dialog = document.getElementById("picture-dialog");
  const button = target.closest("[data-pick-picture]");
  if (button && dialog) {
    asking = button;
    dialog.showModal();
    show(dialog, dialog.dataset.picker, true);
    return;
  }
  if (!dialog?.open) return;
  const chosen = target.closest("[data-picture]");
  const page = target.closest("[data-picker-page]");
  if (chosen) pick(dialog, JSON.parse(chosen.dataset.picture));
  else if (page) show(dialog, page.dataset.pickerPage, true);
  else if (target.closest("[data-picker-close]")) dialog.close();
});

function pick(dialog, picture) {
  dialog.close();
  asking?.dispatchEvent(new CustomEvent("picture:picked", { bubbles: true, detail: picture }));
  asking?.focus();
}

const search = document.querySelector("#picture-dialog [data-picker-search]");
let waiting;
search?.addEventListener("input", () => {
  clearTimeout(waiting);
  const dialog = search.closest("dialog");
  waiting = setTimeout(() => show(dialog, `${dialog.dataset.picker}?q=${encodeURIComponent(search.value)}`), 300);
});

/* The list at that address; `isTaken` when the keys are to go on there, not in what was pressed. */
async function show(dialog, address, isTaken = false) {
  const answer = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!answer?.ok) return;
  const list = dialog.querySelector("[data-picker-list]");
  list.innerHTML = await answer.text();
  if (isTaken) list.querySelector("[data-picture]")?.focus();
}
