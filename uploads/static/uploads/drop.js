// A file may be dropped on the area around its input, too. Without this the input does the same by itself.
(() => {
  for (const area of document.querySelectorAll("[data-drop]")) {
    const input = area.querySelector("input[type=file]");
    const hint = area.querySelector("[data-drop-hint]");
    let depth = 0; // dragging over what is inside enters and leaves it, too
    const lit = (change) => {
      depth = Math.max(0, depth + change);
      area.classList.toggle("over", depth > 0);
    };
    hint.hidden = false;
    area.addEventListener("dragenter", (event) => { event.preventDefault(); lit(1); });
    area.addEventListener("dragleave", () => lit(-1));
    area.addEventListener("dragover", (event) => event.preventDefault());
    area.addEventListener("drop", (event) => {
      event.preventDefault();
      lit(-depth);
      if (event.dataTransfer.files.length !== 1) {
        hint.textContent = "Drop one file.";
        return;
      }
      input.files = event.dataTransfer.files;
      hint.textContent = `${input.files[0].name} is chosen.`;
    });
  }
})();
