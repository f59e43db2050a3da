// Progressive touches only: every page works without this file.
(() => {
  const root = document.documentElement;
  const messages = () => document.getElementById("th-messages");

  // Theme: the form in the top bar works by itself; here it switches without loading the page again.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-th-theme]");
    if (!form) return;
    event.preventDefault();
    const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    root.dataset.bsTheme = theme;
    document.cookie = `theme=${theme};path=/;max-age=31536000;samesite=lax${location.protocol === "https:" ? ";secure" : ""}`;
    document.querySelectorAll("[data-th-theme] [name=theme]").forEach((field) => { field.value = theme === "dark" ? "light" : "dark"; });
  });
  document.querySelectorAll("[data-th-theme] [name=theme]").forEach((field) => { field.value = root.dataset.bsTheme === "dark" ? "light" : "dark"; });

  document.querySelectorAll("dialog[data-th-open]").forEach((dialog) => { dialog.removeAttribute("open"); dialog.showModal(); });

  // A long list in a box of its own opens at its current line.
  document.querySelectorAll(".th-hold").forEach((box) => {
    const current = box.querySelector("[aria-current]");
    if (current) box.scrollTop = current.offsetTop - box.clientHeight / 3;
  });

  // A menu closes when something else is clicked, and on Escape, which gives its button the focus back.
  const menus = () => [...document.querySelectorAll("details.th-pop[open]")];
  document.addEventListener("click", (event) => menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; }));

  // A form is sent once: a second click while it is on its way does nothing.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.matches("[hx-post]")) return;
    if (form.dataset.thSent) { event.preventDefault(); return; }
    form.dataset.thSent = "1";
  });
  addEventListener("pageshow", () => document.querySelectorAll("form[data-th-sent]").forEach((form) => delete form.dataset.thSent));

  // A file dropped on a field, and the name of the chosen one.
  document.querySelectorAll(".th-drop").forEach((drop) => {
    const field = drop.querySelector("input[type=file]");
    const name = drop.querySelector("[data-th-file]");
    const show = () => { if (name && field.files.length) name.textContent = field.files[0].name; };
    field?.addEventListener("change", show);
    drop.addEventListener("dragover", (event) => event.preventDefault());
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      if (field && event.dataTransfer.files.length) { field.files = event.dataTransfer.files; field.dispatchEvent(new Event("change", { bubbles: true })); }
    });
  });

  // Keys. Task list: "/" searches, j and k move, Enter opens (the row's link has the focus).
  // Review: c chooses "confirm", n goes to the next answer, f opens the finding.
  const seen = () => [...document.querySelectorAll("[data-th-rows] li")].filter((row) => row.checkVisibility());
  const move = (step) => {
    const rows = seen();
    const at = rows.indexOf(document.querySelector("li.th-cursor"));
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
    rows.forEach((row) => row.classList.toggle("th-cursor", row === next));
    next?.querySelector("a").focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") menus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
    if (event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const search = document.querySelector("[data-th-search]");
    if (event.key === "/" && search) { event.preventDefault(); search.focus(); }
    if (event.key === "j") move(1);
    if (event.key === "k") move(-1);
    const target = document.querySelector(`[data-th-key="${CSS.escape(event.key)}"]`);
    if (!target) return;
    event.preventDefault();
    const details = target.closest("details");
    if (details) details.open = true;
    if (target.matches("a")) target.click();
    else { target.focus(); if (target.matches("[type=radio]")) { target.checked = true; target.dispatchEvent(new Event("change", { bubbles: true })); } }
  });

  // htmx: a refusal is told in the page's messages, and so is a server that did not answer.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.getResponseHeader("HX-Retarget")) { event.detail.shouldSwap = true; event.detail.isError = false; }
    else if (event.detail.requestConfig.verb !== "get") messages()?.replaceChildren();
  });
  const lost = () => {
    const text = document.getElementById("th-lost");
    if (text && messages()) messages().replaceChildren(text.content.cloneNode(true));
  };
  document.addEventListener("htmx:sendError", lost);
  document.addEventListener("htmx:responseError", lost);
})();
