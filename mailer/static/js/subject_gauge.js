/* [data-gauge="id of a field"] says how much of the subject is seen, counted with the values of the client that is looked at
   ([data-filled], which comes with the preview). It belongs to the field's description: read out with it, not at every key. */

const PHONE = 40;
const COMPUTER = 70;
const signs = window.Intl?.Segmenter && new Intl.Segmenter();

const count = (text) => (signs ? [...signs.segment(text)] : [...text]).length;

function filled(text) {
  const shown = document.querySelector("[data-filled]");
  const values = shown ? JSON.parse(shown.dataset.filled) : {};
  return text.replace(
    /\{\{[^{}]*\}\}/g,
    (place) => values[place] ?? place.match(/\|\s*["'«“„‘](.*)["'»”“’]\s*\}\}$/)?.[1] ?? "",
  );
}

function show(gauge) {
  const field = document.getElementById(gauge.dataset.gauge);
  if (!field) return;
  const words = gauge.querySelector("span");
  const length = count(filled(field.value).trim());
  gauge.querySelector("meter").value = Math.min(length, 100);
  const { fits, long, longest } = gauge.dataset;
  words.textContent = length ? (length > COMPUTER ? longest : length > PHONE ? long : fits).replace("{n}", length) : "";
  const described = (field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean);
  if (!described.includes(words.id)) field.setAttribute("aria-describedby", [...described, words.id].join(" "));
}

function showAll() {
  for (const gauge of document.querySelectorAll("[data-gauge]")) show(gauge);
}
document.addEventListener("input", ({ target }) => {
  const gauge = document.querySelector(`[data-gauge="${target.id}"]`);
  if (target.id && gauge) show(gauge);
});
document.addEventListener("htmx:afterSettle", showAll);
showAll();
