/* The time zone of the browser, into the inputs that ask for it and are empty. Without this script it stays unknown. */
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
for (const input of document.querySelectorAll("input[data-zone]")) {
  if (!input.value) input.value = zone;
}
