/* The builder of conditions: its rows come back from the server as they stood when they were asked for. What was typed
   meanwhile is asked for again with what is there now, and what was pressed waits for its turn: nothing is lost. */

const waiting = []; // ids of elements, and the events by which they ask
let asked; // the request on its way, by which element and event, and what the form held then

const held = (target) => new URLSearchParams(new FormData(target.closest("form"))).toString();

document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, target, xhr, requestConfig } = event.detail;
  if (target.id !== "conditions") return;
  const by = [elt.id, requestConfig.triggeringEvent.type];
  if (asked && asked.xhr.readyState !== XMLHttpRequest.DONE) {
    event.preventDefault();
    waiting.push(by);
  } else asked = { xhr, by, held: held(target) };
});
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  if (detail.xhr !== asked?.xhr || !detail.shouldSwap || asked.held === held(detail.target)) return;
  detail.shouldSwap = false;
  waiting.unshift(asked.by);
});
document.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.xhr !== asked?.xhr) return;
  asked = undefined;
  const [id, type] = waiting.shift() ?? [];
  const next = id && document.getElementById(id); // of the rows that are there now
  if (next) setTimeout(() => window.htmx.trigger(next, type)); // once htmx has let go of it
});
