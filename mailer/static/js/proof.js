/* A form with data-proof solves its challenge as soon as somebody touches it, and waits for it when it is sent. Without this script,
   or where workers are forbidden, the form goes as it is and the server lets people wait instead. */
for (const form of document.querySelectorAll("form[data-proof]")) {
  const field = form.elements.proof;
  const opened = new Promise((resolve) => {
    setTimeout(resolve, 1000 * Number(form.dataset.seconds));
  });
  let isOpen = false; // solved sooner, it still waits: the server takes no form that was filled in at once
  opened.then(() => {
    isOpen = true;
  });
  let work = null;
  const solve = () => {
    work ??= new Promise((resolve) => {
      const worker = new Worker(form.dataset.worker);
      const end = (answer) => {
        worker.terminate();
        field.value = answer;
        resolve();
      };
      worker.onmessage = ({ data }) => end(data);
      worker.onerror = () => end("");
      const { proof: challenge, bits, puzzles } = form.dataset;
      worker.postMessage({ challenge, bits: Number(bits), puzzles: Number(puzzles) });
    });
    return work;
  };
  if (form.hasAttribute("data-proof-now")) solve();
  form.addEventListener("focusin", solve, { once: true });
  form.addEventListener("submit", async (event) => {
    if ((field.value && isOpen) || form.isSent) return;
    event.preventDefault();
    form.setAttribute("aria-busy", "true");
    const button = form.querySelector("button");
    button.disabled = true;
    document.getElementById("announcer").textContent = form.dataset.working;
    await Promise.all([solve(), opened]);
    form.isSent = true;
    button.disabled = false;
    form.submit();
  });
}
