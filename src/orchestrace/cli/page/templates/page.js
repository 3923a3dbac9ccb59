"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
  const field = (element) => element.closest(".field");

  // Light, dark, or as the system has it. A page from a file may not be allowed to remember.
  const themes = ["auto", "light", "dark"];
  const theme = document.getElementById("theme");
  const put = (name) => {
    if (name === "auto") delete root.dataset.theme;
    else root.dataset.theme = name;
    theme.textContent = `Theme: ${name}`;
  };
  const remembered = () => { try { return localStorage.getItem("orchestrace.theme"); } catch { return null; } };
  put(themes.includes(remembered()) ? remembered() : "auto");
  theme.addEventListener("click", () => {
    const next = themes[(themes.indexOf(root.dataset.theme || "auto") + 1) % themes.length];
    put(next);
    try { localStorage.setItem("orchestrace.theme", next); } catch { /* then not */ }
  });

  // A value as it is, as Markdown, or what changed in it.
  const show = (one, form) => {
    one.dataset.shown = form;
    for (const button of all(".form", one)) button.setAttribute("aria-pressed", String(button.dataset.form === form));
  };

  // Copying gives the value as it was recorded, whichever form is shown.
  const written = (one) => one.querySelector(".raw .whole").textContent;
  const copy = async (button) => {
    const text = written(field(button));
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1200);
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.classList.contains("form")) show(field(button), button.dataset.form);
    if (button?.classList.contains("copy")) copy(button);
  });

  // Unfold, and open what a link leads to.
  const spans = all(".span");
  const unfold = document.getElementById("unfold");
  unfold.addEventListener("click", () => {
    const open = unfold.getAttribute("aria-pressed") !== "true";
    unfold.setAttribute("aria-pressed", String(open));
    unfold.textContent = open ? "Fold all" : "Unfold all";
    for (const one of spans) one.open = open;
  });
  const arrive = () => {
    const target = /^#span-\d+$/.test(location.hash) && document.querySelector(location.hash);
    if (!target) return;
    target.open = true;
    target.scrollIntoView();
    target.firstElementChild.focus({ preventScroll: true });
  };
  addEventListener("hashchange", arrive);
  arrive();

  // Search: only values, labels and names with the words are left, with the spans around them.
  const search = document.getElementById("search");
  const found = document.getElementById("found");
  const most = 1000;
  let index = null;
  let before = null;
  const lowered = (text) => text.toLowerCase();
  const indexed = () => all(".field").map((one) => ({
    element: one,
    span: one.closest(".span"),
    verdict: one.closest(".verdict"),
    text: lowered(written(one)),
    label: lowered(one.querySelector(".label")?.textContent ?? ""),
  }));
  const ranges = (one, words) => {
    const marked = [];
    const walker = document.createTreeWalker(one.querySelector(`.${one.dataset.shown}`), NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && marked.length < most; node = walker.nextNode()) {
      const text = lowered(node.data);
      if (text.length !== node.data.length) continue;
      for (let at = text.indexOf(words); at >= 0 && marked.length < most; at = text.indexOf(words, at + words.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + words.length);
        marked.push(range);
      }
    }
    return marked;
  };
  const reset = () => {
    document.body.classList.remove("searching");
    for (const one of all(".out, .around")) one.classList.remove("out", "around");
    if (before) spans.forEach((one, at) => { one.open = before[at]; });
    before = null;
    globalThis.CSS?.highlights?.delete("found");
    found.textContent = "";
  };
  const look = () => {
    const words = lowered(search.value.trim());
    if (!words) { reset(); return; }
    index ??= indexed();
    before ??= spans.map((one) => one.open);
    const hits = index.filter((one) => one.text.includes(words) || one.label.includes(words));
    const fields = new Set(hits.map((one) => one.element));
    const inside = new Set(hits.map((one) => one.span).filter(Boolean));
    const named = new Set(spans.filter((one) => lowered(one.querySelector(".name").textContent).includes(words)));
    document.body.classList.add("searching");
    for (const one of index) {
      one.element.classList.toggle("out", !fields.has(one.element) && !named.has(one.span));
      one.verdict?.classList.toggle("out", !fields.has(one.element));
    }
    let depth = 0; // of the nearest that stays, read from below: those around it have less
    for (const one of spans.toReversed()) {
      const own = inside.has(one) || named.has(one);
      const level = Number(one.dataset.depth);
      const around = !own && level < depth;
      one.classList.toggle("out", !own && !around);
      one.classList.toggle("around", around);
      if (own || around) depth = level;
      one.open = inside.has(one);
    }
    const marked = hits.flatMap((one, at) => (at < most ? ranges(one.element, words) : [])).slice(0, most);
    if (globalThis.Highlight) CSS.highlights.set("found", new Highlight(...marked));
    const counted = (count, word) => `${count.toLocaleString("en")} ${word}${count === 1 ? "" : "s"}`;
    const lines = new Set([...inside, ...named]).size;
    found.textContent = hits.length || lines ? `${counted(hits.length, "value")}, ${counted(lines, "span")}` : "nothing";
  };
  let waiting = 0;
  search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 150); });
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !/^(input|textarea)$/i.test(event.target.tagName)) {
      event.preventDefault();
      search.focus();
    } else if (event.key === "Escape" && search.value) {
      search.value = "";
      reset();
    }
  });
})();
