// What the page does beyond showing: tables sort, displays are chosen, what is folded is printed. Without it all is read.
(() => {
  "use strict";
  const status = document.getElementById("status");
  const say = (text) => { status.textContent = text; };

  // Tables. A click on a column's head sorts upwards, a second downwards, a third restores the order of the page.
  const words = new Intl.Collator("en-GB", { numeric: true, sensitivity: "base" });
  const squeezed = (cell) => cell.textContent.replace(/[\s\u00a0\u202f]+/gu, " ").trim();

  // All numbers of a cell in order: 0.39 (0.34 to 0.44) is [0.39, 0.34, 0.44]. <10 stands just below 10; null: no number.
  function numbers(cell) {
    const text = cell.textContent.replace(/(\d)[\u00a0\u202f](?=\d{3})/gu, "$1").replace(/\u2212/gu, "-");
    const found = [];
    for (const [, bound, digits] of text.matchAll(/([<>]?)\s*((?<![\d.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)/giu)) {
      const side = { "<": -1, ">": 1 }[bound] ?? 0;
      found.push(Number(digits), side);
    }
    return found.length ? found : null;
  }
  function byNumbers(a, b) {
    for (let k = 0; k < Math.min(a.length, b.length); k += 1) if (a[k] !== b[k]) return a[k] - b[k];
    return a.length - b.length;
  }

  // A row moves with the rows set in beneath it; a heading keeps its group, and a row that sums up stays last.
  function blocks(body) {
    const made = [];
    const rows = [...body.rows];
    const nested = rows.some((row) => !row.matches(".heading, .inset, .last"));
    for (const row of rows) {
      if (nested && made.length && row.matches(".inset")) made[made.length - 1].push(row);
      else made.push([row]);
    }
    return made;
  }
  function sort(table, column, numeric, direction) {
    for (const body of table.tBodies) {
      const all = body.hetflowBlocks ??= blocks(body);
      const key = ([row]) => (numeric ? numbers(row.cells[column]) : squeezed(row.cells[column]) || null);
      const compare = numeric ? byNumbers : words.compare;
      const free = all.filter(([row]) => !row.matches(".heading, .last")).map((block) => [key(block), block]);
      if (direction) {
        const sign = direction === "ascending" ? 1 : -1;
        free.sort(([a], [b]) => (a === null || b === null ? (a === null) - (b === null) : sign * compare(a, b)));
      }
      const first = all.filter(([row]) => row.matches(".heading"));
      const last = all.filter(([row]) => row.matches(".last"));
      body.append(...[...first, ...free.map(([, block]) => block), ...last].flat());
    }
  }
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      if (!head.textContent.trim()) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: "" }[head.ariaSort] ?? "ascending";
        for (const other of heads) other.removeAttribute("aria-sort");
        if (next) head.ariaSort = next;
        sort(table, column, !head.classList.contains("text"), next);
        say(next ? `Sorted by ${squeezed(button)}, ${next}.` : "Rows are in their first order.");
      });
    });
  }

  // A region that does not scroll is no stop of the keyboard.
  const watch = new ResizeObserver((seen) => {
    for (const { target } of seen) {
      const scrolls = target.scrollWidth > target.clientWidth || target.scrollHeight > target.clientHeight;
      if (scrolls) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });
  for (const region of document.querySelectorAll(".scroll, .drawing, pre")) watch.observe(region);

  // Displays: one at a time, by choice.
  for (const explorer of document.querySelectorAll(".explorer")) {
    const choice = explorer.querySelector("select");
    const views = [...explorer.querySelectorAll("details")];
    const show = () => {
      for (const view of views) {
        view.open = view.id === choice.value;
        view.classList.toggle("chosen", view.open);
      }
    };
    choice.addEventListener("change", () => {
      show();
      say(`Shown: ${choice.selectedOptions[0].textContent}.`);
    });
    explorer.classList.add("live");
    show();
  }

  // A link to something folded opens it.
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const view = target?.closest(".explorer details");
    if (view) {
      const choice = view.closest(".explorer").querySelector("select");
      choice.value = view.id;
      choice.dispatchEvent(new Event("change"));
    }
    for (let folded = target?.closest("details"); folded; folded = folded.parentElement.closest("details")) folded.open = true;
    if (target) target.scrollIntoView();
  }
  window.addEventListener("hashchange", unfold);
  if (location.hash) unfold();

  // Paper cannot be unfolded.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const folded of opened) folded.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const folded of opened) folded.open = false;
    opened = [];
  });
})();
