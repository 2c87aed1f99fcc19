// What lists do beside links and forms: a filter's menu says how many rows each choice has once it is open, and a row
// opens beside its list. Without this, menus have no figures and a row is a page.
(() => {
  // --- how many rows each choice of a filter has ---

  const filters = document.querySelector("[data-counts]");
  document.addEventListener("toggle", ({ target }) => {
    if (target.open && target.dataset?.filter && !target.dataset.counted) count(target);
  }, true);

  async function count(menu) {
    menu.dataset.counted = "yes";
    const query = new URLSearchParams(location.search);
    query.set("of", menu.dataset.filter);
    try {
      const answer = await fetch(`${filters.dataset.counts}?${query}`);
      if (!answer.ok || answer.redirected) return; // no figures are better than wrong ones
      const { counts } = await answer.json();
      menu.querySelectorAll("li > a").forEach((choice, place) => {
        if (!counts[place]) return;
        const figure = document.createElement("span");
        figure.className = "figure";
        figure.textContent = counts[place];
        choice.append(" ", figure);
      });
    } catch { /* the server is away: what the menu offers is right without figures */ }
  }

  // --- a row beside its list ---

  const box = document.getElementById("peek");
  const rows = [...document.querySelectorAll("#result_list tr[data-peek]")];
  if (!box || !rows.length) return;
  const shown = box.querySelector("[data-peeked]");
  let at = null; // the row that is shown
  let asked = null; // the request under way

  async function peek(row) {
    at = row;
    rows.forEach((one) => one.toggleAttribute("data-peeked-at", one === row));
    row.scrollIntoView({ block: "nearest" });
    asked?.abort();
    asked = new AbortController();
    const waiting = asked;
    if (!box.open) box.show();
    box.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(row.dataset.peek, { signal: waiting.signal });
      if (answer.redirected) return location.reload(); // signed out
      if (!answer.ok) throw new Error(answer.status);
      shown.innerHTML = await answer.text();
      box.scrollTop = 0;
    } catch (error) {
      if (error.name === "AbortError") return;
      shown.innerHTML = '<h2 id="peek-title" tabindex="-1"></h2>';
      shown.firstChild.textContent = "This row can't be shown now. It may be gone; try again in a moment.";
    }
    box.removeAttribute("aria-busy");
    shown.querySelector("#peek-title")?.focus({ preventScroll: true });
  }

  function close() {
    if (!box.open) return;
    asked?.abort();
    box.close();
    at?.removeAttribute("data-peeked-at");
    enter(at);
  }

  // One row at a time is a stop for the Tab key; arrows lead to the others.
  function enter(row) {
    rows.forEach((one) => { one.tabIndex = one === row ? 0 : -1; });
    row?.focus();
  }
  const next = (row, step) => rows[rows.indexOf(row) + step];

  rows.forEach((row) => row.querySelector("td.peek button").addEventListener("click", () => (
    box.open && at === row ? close() : peek(row))));
  box.querySelector("[data-close]").addEventListener("click", close);
  box.querySelectorAll("[data-step]").forEach((button) => button.addEventListener("click", () => {
    const row = next(at, Number(button.dataset.step));
    if (row) peek(row).then(() => button.focus());
  }));

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && box.open && !document.querySelector("dialog:modal, details.menu[open]")) return close();
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (box.open && step && box.contains(document.activeElement)) {
      event.preventDefault();
      if (next(at, step)) peek(next(at, step));
      return;
    }
    const row = event.target.closest?.("tr[data-peek]");
    if (!row) return;
    const onRow = event.target === row;
    if (event.key.toLowerCase() === "p" || (event.key === " " && onRow)) {
      event.preventDefault();
      peek(row);
    } else if (step && onRow && next(row, step)) {
      event.preventDefault();
      enter(next(row, step));
    }
  });
})();
