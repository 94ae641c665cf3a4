"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const items = [...document.querySelectorAll("[data-v]")];
  const texts = items.map((item) => (item.textContent || "").toLowerCase());
  const search = document.getElementById("search");
  const buttons = [...document.querySelectorAll("nav button[data-f]")];
  const none = document.getElementById("none");
  const chosen = () => buttons.filter((b) => b.getAttribute("aria-pressed") === "true").map((b) => b.dataset.f);
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const verdicts = chosen();
    let shown = 0;
    items.forEach((item, i) => {
      const fits = (verdicts.length === 0 || verdicts.includes(item.dataset.v)) && words.every((w) => texts[i].includes(w));
      item.hidden = !fits;
      if (fits) shown += 1;
    });
    none.hidden = shown > 0;
  };
  search.addEventListener("input", apply);
  buttons.forEach((button) =>
    button.addEventListener("click", () => {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      apply();
    }));
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && document.activeElement === search) {
      search.value = "";
      apply();
    }
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest && event.target.closest(".copy");
    if (!button) return;
    const text = button.parentElement.querySelector("code").textContent;
    const done = () => { button.textContent = "copied"; setTimeout(() => { button.textContent = "copy"; }, 1500); };
    const select = () => {
      const range = document.createRange();
      range.selectNodeContents(button.parentElement.querySelector("code"));
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    };
    if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, select); else select();
  });
  const open = () => {
    let id = location.hash.slice(1);
    try {
      id = decodeURIComponent(id);
    } catch {
      // No escaped text: taken as it is.
    }
    const target = document.getElementById(id);
    if (!target) return;
    target.hidden = false;
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    const inner = target.querySelector(":scope > details");
    if (inner) inner.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
})();
