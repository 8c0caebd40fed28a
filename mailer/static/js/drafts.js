/* What is typed into form[data-draft] is kept by itself: a moment after the last key, and at least every twenty seconds. */

const QUIET = 2500;
const AT_LEAST_EVERY = 20_000;

for (const form of document.querySelectorAll("form[data-draft]")) watch(form);

function watch(form) {
  let timer,
    since,
    isSaving = false,
    isLeaving = false;
  const state = form.querySelector("[data-draft-state]");

  const typed = () => {
    since ??= Date.now();
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(QUIET, since + AT_LEAST_EVERY - Date.now())));
  };

  async function save() {
    if (isSaving || isLeaving) {
      timer = setTimeout(save, QUIET);
      return;
    }
    const data = new FormData(form);
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    data.set("draft_path", form.dataset.draft);
    since = undefined;
    isSaving = true;
    form.isDirty = false; // what is typed meanwhile marks it again
    try {
      const answer = await fetch("/drafts", {
        method: "POST",
        body: data,
        headers: { Accept: "application/json" },
        redirect: "error",
      });
      if (answer.ok) return say((await answer.json()).saved);
      form.isDirty = true;
      if ([400, 401].includes(answer.status)) return say(state?.dataset.lost);
      if (answer.status === 429) return typed();
      say((await answer.json()).error);
    } catch {
      form.isDirty = true; // no net: the next key tries again
    } finally {
      isSaving = false;
    }
  }

  function say(words) {
    if (state && words) state.textContent = words;
  }

  form.addEventListener("input", typed);
  form.addEventListener("change", typed);
  form.addEventListener("submit", () => {
    isLeaving = true;
    clearTimeout(timer);
    setTimeout(() => (isLeaving = false), 5000);
  });
}
