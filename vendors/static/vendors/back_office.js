// What the frame of the admin does beside links and forms: open menus close at Escape or a click elsewhere, and the
// search opens over the page at Ctrl+K. Without this, menus close at their own click and the search is a page.
(() => {
  const menus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("click", (event) => {
    menus().forEach((menu) => { menu.open = menu.contains(event.target); });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menus().forEach((menu) => {
      if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
      menu.open = false;
    });
  });
  // One near the window's edge opens towards its middle, and what is typed is typed at once.
  document.addEventListener("toggle", ({ target }) => {
    if (!target.matches?.("details.menu") || !target.open) return;
    const list = target.querySelector("summary ~ *");
    target.classList.toggle("leftwards", target.getBoundingClientRect().left + list.offsetWidth > innerWidth - 12);
    if (list.getBoundingClientRect().bottom > innerHeight) list.scrollIntoView({ block: "nearest" });
    target.querySelector("form.typed input:not([type=hidden])")?.focus();
  }, true);

  // What Django's widgets leave without a name has its row's, or its column's.
  function named(field, label) {
    if (label?.textContent.trim()) field.setAttribute("aria-label", label.textContent.trim().replace(/:$/, ""));
  }
  addEventListener("load", () => setTimeout(() => { // after jQuery has made them
    for (const field of document.querySelectorAll(".datetime input")) named(field, field.closest(".form-row").querySelector("label, legend"));
    for (const cell of document.querySelectorAll(".tabular td[class^=field-], .tabular td.delete")) {
      const column = cell.className.replace("field-", "column-").split(" ")[0];
      const head = cell.closest("table").querySelector(`thead .${CSS.escape(column)}`) ?? cell.closest("table").querySelector("thead th:last-child");
      cell.querySelectorAll("input:not([type=hidden]), select").forEach((field) => named(field, head));
    }
    for (const box of document.querySelectorAll("[role=combobox].select2-selection")) {
      const field = box.closest(".select2-container").previousElementSibling;
      const label = document.querySelector(`label[for="${CSS.escape(field?.id ?? "")}"]`);
      const shown = box.querySelector("[role=textbox]");
      if (shown) named(shown, label);
      named(box, label);
      if (label) box.removeAttribute("aria-labelledby");
    }
  }));

  const box = document.getElementById("find");
  if (!box) return;
  const form = box.querySelector("form");
  const field = form.elements.q;
  const shown = box.querySelector("[data-found]");
  const said = box.querySelector("[role=status]");
  let asked = null; // the request under way
  let answered = null; // what is shown is about this

  async function look() {
    const typed = field.value;
    asked?.abort();
    asked = new AbortController();
    try {
      const answer = await fetch(`${form.action}?part=1&q=${encodeURIComponent(typed)}`, { signal: asked.signal });
      if (answer.redirected) return location.assign(`${form.action}?q=${encodeURIComponent(typed)}`); // signed out
      if (!answer.ok) throw new Error(answer.status);
      shown.innerHTML = await answer.text();
      answered = typed;
      const many = shown.querySelectorAll("li").length;
      said.textContent = typed ? `${many} found` : "";
    } catch (error) {
      if (error.name !== "AbortError") shown.textContent = said.textContent = "The search doesn't answer. Try again in a moment.";
    }
  }

  function open() {
    if (box.open) return;
    menus().forEach((menu) => { menu.open = false; });
    box.showModal();
    field.select();
    if (answered !== field.value) look();
  }

  document.querySelectorAll("[data-find]").forEach((link) => link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open();
  }));
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey) {
      event.preventDefault();
      open();
    }
  });

  let pause = 0;
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(look, 120);
  });
  // Enter opens the first thing that was found; before there is an answer, the page looks.
  form.addEventListener("submit", (event) => {
    const first = answered === field.value && field.value.trim() && shown.querySelector("li a");
    if (!first) return;
    event.preventDefault();
    first.click();
  });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { // which would empty the field first
      event.preventDefault();
      box.close();
    }
    const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!steps) return;
    event.preventDefault();
    const stops = [field, ...shown.querySelectorAll("a")];
    const at = stops.indexOf(document.activeElement);
    stops[(at + steps + stops.length) % stops.length].focus();
  });
  box.addEventListener("click", (event) => { if (event.target === box) box.close(); });
})();
