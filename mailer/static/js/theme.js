/* Runs before the first paint, so that a dark page never flashes white. golub.js holds the switch. */
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const remembered = () => {
    try {
      return localStorage.getItem("theme") || "auto";
    } catch {
      return "auto"; // storage may be forbidden
    }
  };
  const apply = () => {
    const choice = remembered();
    root.dataset.themeChoice = choice;
    root.dataset.bsTheme = choice === "auto" ? (system.matches ? "dark" : "light") : choice;
  };
  root.classList.add("js");
  apply();
  system.addEventListener("change", apply);
  addEventListener("themechange", apply);
  addEventListener("storage", apply); // another tab
})();
