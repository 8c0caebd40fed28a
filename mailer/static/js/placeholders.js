/* [data-insert="{{ имя }}"] puts a placeholder where the cursor was: into the field of the form that had it last. */

const FIELDS = "input[type=text], textarea";
let last = null;

document.addEventListener("focusin", ({ target }) => {
  if (target.matches(FIELDS) && target.form?.querySelector("[data-insert]")) last = target;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-insert]");
  if (!button) return;
  const field = last ?? button.form.querySelector("textarea");
  field.focus();
  // Keeps the browser's own undo; where that is not there, the plain way.
  if (!document.execCommand?.("insertText", false, button.dataset.insert)) {
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
