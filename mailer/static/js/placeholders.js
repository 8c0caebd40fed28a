/* [data-insert="{{ имя }}"][data-into="field-id"]: puts a placeholder where the cursor is. */

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-insert]");
  if (!button) return;
  const field = document.getElementById(button.dataset.into);
  field.focus();
  // Keeps the browser's own undo; where it is not there, the plain way.
  if (!document.execCommand?.("insertText", false, button.dataset.insert)) {
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
});
