// Parts of pages that keep themselves up to date. htmx fetches and swaps them ([hx-get] within [data-live]); this
// says when not to, what stays as it was, and what is said aloud. Without it the page reloads itself.
(() => {
  let gone = false; // signed out, or what is shown is no more
  let focused = null;
  const shown = new WeakMap();
  const live = (event) => event.detail.target?.closest("[data-live]");

  // What somebody has begun to fill in isn't taken away; that it is out of date stands beside it.
  const chosen = (list) => ([...list].find((one) => one.defaultSelected) ?? list[0])?.value;
  const begun = (field) => field.options ? field.value !== chosen(field.options)
    : field.checked !== field.defaultChecked || field.value !== field.defaultValue;

  document.addEventListener("htmx:beforeRequest", (event) => {
    const kept = [...event.detail.target?.querySelectorAll("form :is(input, textarea, select)") ?? []].some(begun);
    if (kept) for (const notice of document.querySelectorAll("[data-kept]")) notice.hidden = false;
    if (gone || document.hidden || kept) event.preventDefault();
  });

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo, target } = event.detail;
    const part = live(event);
    const elsewhere = new URL(xhr.responseURL).pathname !== new URL(pathInfo.requestPath, location).pathname;
    if (elsewhere || xhr.status === 403 || xhr.status === 404) gone = true;
    if (gone || shown.get(part) === xhr.responseText) event.detail.shouldSwap = false;
    else if (xhr.status === 200) shown.set(part, xhr.responseText);
    focused = target.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  });

  // What had the focus keeps it, and progress is said when its words change: not every second.
  document.addEventListener("htmx:afterSwap", (event) => {
    const part = live(event);
    if (focused) part.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    const words = part.querySelector("[data-announcement]")?.dataset.announcement;
    const announcement = document.getElementById(part.dataset.live);
    if (announcement && announcement.textContent !== words) announcement.textContent = words;
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    for (const notice of document.querySelectorAll(".notice.stale")) notice.hidden = event.detail.successful && !gone;
  });

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) document.querySelectorAll("[data-live], [data-live] [hx-get]").forEach((part) => htmx.trigger(part, "back"));
  });
})();
