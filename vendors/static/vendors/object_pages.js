// A link to a part of a page that is folded opens it: without this it has to be opened there.
(() => {
  const open = () => {
    const part = location.hash.length > 1 ? document.getElementById(location.hash.slice(1)) : null;
    if (part?.tagName === "DETAILS") part.open = true;
    part?.scrollIntoView();
  };
  addEventListener("hashchange", open);
  document.addEventListener("click", (event) => {
    if (event.target.closest("a")?.hash === location.hash && location.hash) open();
  });
  if (location.hash) open();
})();
