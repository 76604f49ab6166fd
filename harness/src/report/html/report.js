"use strict";
(() => {
  const root = document.documentElement;
  const $ = (id) => document.getElementById(id);
  root.classList.add("js");

  // Colours: automatic, light, dark. A browser that keeps nothing for files forgets it, which is no error.
  const theme = $("theme");
  const themes = ["automatic", "light", "dark"];
  const stored = { get() { try { return localStorage.getItem("seatrial-theme"); } catch { return null; } },
                   set(value) { try { localStorage.setItem("seatrial-theme", value); } catch { /* not kept */ } } };
  const paint = (name) => {
    if (name === "automatic") root.removeAttribute("data-theme"); else root.dataset.theme = name;
    theme.dataset.name = name;
    theme.textContent = "Colours: " + name;
  };
  paint(themes.includes(stored.get()) ? stored.get() : "automatic");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(theme.dataset.name) + 1) % themes.length];
    stored.set(next);
    paint(next);
  });

  // Copying.
  const copy = async (text) => {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (!done) throw new Error("copying was refused");
  };
  // The buttons come with the case that is unfolded: thousands of them would only slow the page down.
  document.addEventListener("toggle", (event) => {
    for (const command of event.target.querySelectorAll(".command:not(:has(.copy))")) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy";
      button.textContent = "Copy";
      button.setAttribute("aria-label", "Copy: " + command.querySelector("code").textContent);
      command.append(button);
    }
  }, true);
  document.addEventListener("click", async (event) => {
    const button = event.target.closest(".copy");
    if (!button) return;
    try {
      await copy(button.parentElement.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select and copy it by hand";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });

  // Filters. They stand in the address as #?area=types&verdict=pinned, so that a link shows what its sender saw.
  const form = $("filters");
  form.hidden = false;
  const fine = new Set(["exact", "equivalent", "pinned"]);
  let index = null;
  const build = () => {
    index = [...document.querySelectorAll(".case")].map((element) => ({
      element,
      results: element.dataset.r.split(" ").map((entry) => entry.split("=")),
      text: null,
    }));
  };
  const textOf = (entry) => entry.text ??= (entry.element.id + " " + (entry.element.dataset.covers ?? "") + " "
    + entry.element.closest(".topic").firstElementChild.textContent + " " + entry.element.textContent).toLowerCase();
  const meets = (verdict, wanted) => wanted === "" || verdict === wanted
    || (wanted === "failing" && !fine.has(verdict)) || (wanted === "not-exact" && verdict !== "exact");
  const value = (name) => form.elements[name]?.value ?? "";
  const apply = () => {
    if (!index) build();
    const [area, spark, verdict, kind] = ["area", "spark", "verdict", "kind"].map(value);
    const words = value("q").toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const entry of index) {
      const shown = (area === "" || entry.element.closest(".area").dataset.area === area)
        && entry.results.some(([version, status, of]) => (spark === "" || version === spark) && meets(status, verdict) && (kind === "" || of === kind))
        && words.every((word) => textOf(entry).includes(word));
      entry.element.hidden = !shown;
      count += shown;
    }
    for (const group of document.querySelectorAll(".topic, .area")) group.hidden = !group.querySelector(".case:not([hidden])");
    $("nothing").hidden = count > 0;
    $("shown").textContent = count === index.length ? `${count} cases` : `${count} of ${index.length} cases`;
    $("unfold").disabled = count === 0;
  };
  const names = ["q", "area", "spark", "verdict", "kind"];
  const remember = () => {
    const query = new URLSearchParams(names.map((name) => [name, value(name)]).filter(([, text]) => text !== ""));
    const hash = query.size ? "#?" + query : "";
    history.replaceState(null, "", hash || location.pathname + location.search);
  };
  const set = (values) => {
    for (const name of names) if (form.elements[name]) form.elements[name].value = values[name] ?? "";
  };
  const filter = (values) => { set(values); apply(); remember(); };
  let waiting = 0;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { apply(); remember(); }, 120);
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  $("reset").addEventListener("click", () => filter({}));
  $("unfold").addEventListener("click", () => {
    const shown = [...document.querySelectorAll(".case:not([hidden])")];
    const open = shown.some((element) => !element.open);
    for (const element of shown) element.open = open;
    $("unfold").textContent = open ? "Fold" : "Unfold";
  });

  // Cells and tiles lead to the cases behind them.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("#conformance a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { area, spark, verdict } = link.dataset;
    if (area === undefined && verdict === undefined) return;
    event.preventDefault();
    filter({ area, spark, verdict });
    $("cases").scrollIntoView();
  });

  // An address that names a case opens it, and shows it though a filter hides it.
  const arrive = () => {
    const hash = location.hash.slice(1);
    if (hash.startsWith("?")) {
      set(Object.fromEntries(new URLSearchParams(hash.slice(1))));
      apply();
      $("cases").scrollIntoView();
      return;
    }
    const target = hash && $(decodeURIComponent(hash));
    if (target?.classList.contains("case")) {
      if (target.hidden) { set({}); apply(); }
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", arrive);
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    event.preventDefault();
    $("q").focus();
  });
  if (location.hash) arrive();
})();
