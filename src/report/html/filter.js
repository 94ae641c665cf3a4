"use strict";
// What the pages share: a search, buttons that narrow, groups that go with their last item, and a link that keeps all that.
const filter = (() => {
  document.documentElement.classList.add("js");
  const items = [...document.querySelectorAll("[data-v]")];
  const texts = items.map((item) => ((item.querySelector("[data-text]") || item).textContent || "").toLowerCase());
  const groups = [...document.querySelectorAll("[data-group]")];
  const search = document.getElementById("search");
  const buttons = [...document.querySelectorAll("nav button[data-f]")];
  const count = document.getElementById("shown");
  const none = document.getElementById("none");
  const isOn = (button) => button.getAttribute("aria-pressed") === "true";
  const chosen = () => buttons.filter(isOn).map((button) => button.dataset.f);
  const regroup = () => {
    const narrowed = search.value.trim() !== "" || chosen().length > 0;
    groups.forEach((group) => {
      group.hidden = narrowed && !group.querySelector("[data-v]:not([hidden])");
      const link = document.querySelector(`nav a[href="#${group.dataset.group}"]`);
      if (link) link.classList.toggle("gone", group.hidden);
    });
    const shown = items.filter((item) => !item.hidden).length;
    count.textContent = narrowed ? `${shown} of ${items.length}` : "";
    none.hidden = !narrowed || shown > 0;
  };
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kinds = chosen();
    items.forEach((item, i) => {
      item.hidden = !((kinds.length === 0 || kinds.includes(item.dataset.v)) && words.every((w) => texts[i].includes(w)));
    });
    regroup();
  };
  const keep = () => {
    const state = new URLSearchParams();
    if (search.value.trim()) state.set("q", search.value.trim());
    if (chosen().length) state.set("f", chosen().join(" "));
    const hash = state.toString();
    try {
      history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    } catch {
      // A browser that counts these leaves the address as it is.
    }
  };
  const changed = () => {
    apply();
    keep();
  };
  const recall = () => {
    const hash = location.hash.slice(1);
    if (!/^[qf]=/.test(hash)) return;
    const state = new URLSearchParams(hash);
    search.value = state.get("q") || "";
    const kinds = (state.get("f") || "").split(" ");
    buttons.forEach((button) => button.setAttribute("aria-pressed", String(kinds.includes(button.dataset.f))));
    apply();
  };
  search.addEventListener("input", changed);
  buttons.forEach((button) =>
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(!isOn(button)));
      changed();
    }));
  document.addEventListener("keydown", (event) => {
    const plain = !event.ctrlKey && !event.altKey && !event.metaKey;
    if (event.key === "/" && plain && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      search.value = "";
      changed();
    }
  });
  addEventListener("hashchange", recall);
  recall();
  return {
    // Shows what a link leads to, whatever the filter says.
    reveal(target) {
      const item = target.closest("[data-v]");
      if (item) item.hidden = false;
      regroup();
      const group = target.closest("[data-group]");
      if (group) group.hidden = false;
    },
  };
})();
