// Long tables of questions get a field to find a value in. Without this they are what they are: all rows, one by one.
// And the button that sends the file keeps the focus while the whole file is tried, as long as it says the same.
(() => {
  let focused = false;
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target, fragment } = event.detail;
    if (target.textContent.trim() === fragment.textContent.trim()) event.detail.shouldSwap = false;
    else if (target.id === "start") focused = target.contains(document.activeElement);
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    if (focused) document.querySelector("#start button")?.focus({ preventScroll: true });
    focused = false;
  });

  for (const field of document.querySelectorAll("[data-filter]")) {
    const rows = [...document.getElementById(field.dataset.filter).tBodies[0].rows];
    if (rows.length < 8) continue; // they are seen at a glance
    const told = field.parentElement.querySelector("[data-filtered]");
    const texts = rows.map((row) => row.querySelector("th").textContent.toLowerCase());
    field.parentElement.hidden = false;
    field.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase();
      let shown = 0;
      rows.forEach((row, place) => {
        row.hidden = !texts[place].includes(wanted);
        shown += !row.hidden;
      });
      told.textContent = wanted ? `${shown} of ${rows.length}` : "";
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault(); // it would look again
    });
  }
})();
