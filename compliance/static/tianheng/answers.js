// A link that is clicked while an answer is on its way waits for it: leaving would cancel the saving.
(() => {
  let underway = 0;
  let goingTo = null;
  document.addEventListener("htmx:beforeRequest", () => { underway += 1; });
  document.addEventListener("htmx:afterRequest", (event) => {
    underway = Math.max(0, underway - 1);
    if (!event.detail.successful) { goingTo = null; return; }
    // A request that waited in the queue begins right after this event.
    setTimeout(() => { if (goingTo && underway === 0) location.assign(goingTo); }, 0);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href]");
    if (!link || underway === 0 || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || link.target) return;
    event.preventDefault();
    goingTo = link.href;
  });
})();
