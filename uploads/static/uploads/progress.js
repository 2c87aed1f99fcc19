// Keeps the upload page's progress up to date until the upload has ended. Without it the page reloads itself.
(() => {
  const panel = document.getElementById("upload-progress");
  if (!panel) return;
  const announcement = document.getElementById("upload-announcement");
  const section = () => panel.querySelector("[data-ended]");
  let shown = panel.innerHTML.trim();

  async function refresh() {
    let wait = 1000;
    try {
      const response = await fetch(panel.dataset.url, { cache: "no-store" });
      if (response.redirected || response.status === 403 || response.status === 404) return; // signed out, or gone
      if (!response.ok) throw new Error(response.statusText);
      const html = (await response.text()).trim();
      if (html !== shown) panel.innerHTML = shown = html;
      if (announcement.textContent !== section().dataset.announcement) {
        announcement.textContent = section().dataset.announcement;
      }
      if (section().dataset.ended === "yes") return;
    } catch {
      wait = 5000; // the server is away for a moment
    }
    setTimeout(refresh, wait);
  }

  if (section().dataset.ended === "no") setTimeout(refresh, 1000);
})();
