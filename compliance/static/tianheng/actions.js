// The board: a card dropped on a column presses the button that leads there. Without this file,
// and on the keyboard, the buttons do the same.
(() => {
  let card = null;
  const way = (column) => card?.querySelector(`[data-th-to="${column.dataset.thColumn}"]`);
  const column = (event) => event.target.closest?.("[data-th-column]");
  const mark = (chosen) => document.querySelectorAll("[data-th-column]").forEach((each) => each.classList.toggle("th-col--over", each === chosen));
  const prepare = () => document.querySelectorAll("[data-th-card]").forEach((each) => { each.draggable = each.querySelector("[data-th-to]") !== null; });

  document.addEventListener("dragstart", (event) => {
    card = event.target.closest?.("[data-th-card]") ?? null;
    if (!card) return;
    event.dataTransfer.effectAllowed = "move";
    card.classList.add("th-card--held");
  });
  document.addEventListener("dragover", (event) => {
    const over = column(event);
    const open = over && way(over) ? over : null;
    mark(open);
    if (open) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    const over = column(event);
    const path = over && way(over);
    if (!path) return;
    event.preventDefault();
    if (path.matches("form")) path.requestSubmit(path.querySelector("button")); else path.click();
  });
  document.addEventListener("dragend", () => { mark(null); card?.classList.remove("th-card--held"); card = null; });
  document.addEventListener("htmx:afterSettle", prepare);
  prepare();
})();
