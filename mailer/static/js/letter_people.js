/* A block's own conditions, built in a dialog above the letter. Without it the same is a page. */

const dialog = document.getElementById("people-dialog");
const here = document.getElementById("people-here");

const opener = "people-of-block"; // the page comes back whole: to where one was
if (document.getElementById("letter-desk").dataset.focus === opener) document.getElementById(opener)?.focus();

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  if (detail.target !== here || dialog.open) return;
  dialog.showModal();
  here.querySelector("select")?.focus();
});
dialog.addEventListener("close", () => here.replaceChildren());
dialog.addEventListener("click", (event) => {
  if (!event.target.closest(".form-actions a")) return;
  event.preventDefault();
  dialog.close();
});
