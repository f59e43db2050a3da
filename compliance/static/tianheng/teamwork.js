// Colleagues: what they change appears by itself. Also the dialog of the keys.
(() => {
  const EVERY_MS = 15000;

  // Parts that look for news listen to "th-tick". A window that nobody sees asks for nothing.
  const tick = () => { if (document.visibilityState === "visible" && navigator.onLine) htmx.trigger(document.body, "th-tick"); };
  if (document.querySelector("[hx-trigger^=th-tick]")) {
    setInterval(tick, EVERY_MS);
    document.addEventListener("visibilitychange", tick);
  }

  // Looking for news never speaks of a failure: nothing of the person's is lost by it.
  const quiet = (event) => event.target.closest?.("[data-th-quiet]");
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.body.addEventListener(name, (event) => { if (quiet(event)) event.stopPropagation(); });
  }

  // A list that is drawn anew keeps what was open in it, and where the person was.
  let kept = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const asked = event.detail.requestConfig.elt;
    if (!asked.closest("[data-th-quiet]")) return;
    if (new URL(event.detail.xhr.responseURL).pathname !== new URL(event.detail.requestConfig.path, location.href).pathname) {
      event.detail.shouldSwap = false; // the session ended: the page stays, with what was typed
      return;
    }
    if (asked.closest("[data-th-keep]")) {
      const list = event.detail.target;
      kept = {
        open: [...list.querySelectorAll("details[open]")].map((part) => part.id),
        closed: [...list.querySelectorAll("details:not([open])")].map((part) => part.id),
        cursor: list.querySelector("li.th-cursor a")?.getAttribute("href"),
        focus: list.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null,
      };
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (!kept) return;
    const list = event.detail.target;
    const link = (href) => href && list.querySelector(`a[href="${CSS.escape(href)}"]`);
    for (const id of kept.open) { const part = document.getElementById(id); if (part) part.open = true; }
    for (const id of kept.closed) { const part = document.getElementById(id); if (part) part.open = false; }
    link(kept.cursor)?.closest("li")?.classList.add("th-cursor");
    link(kept.focus)?.focus({ preventScroll: true });
    kept = null;
  });

  // What somebody is writing just now is not drawn over; the next look tries again.
  const isWriting = (part) => [...part.querySelectorAll("textarea")].some((field) => field === document.activeElement || field.value !== field.defaultValue);
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const part = event.detail.target;
    const mine = event.detail.requestConfig?.verb === "post" || !part.matches("[data-th-editing]");
    if (mine || !isWriting(part)) return;
    event.detail.shouldSwap = false;
    document.getElementById("live")?.setAttribute("hx-vals", '{"seen": ""}');
  });

  // A colleague's newer answer is shown at once where nothing is typed here.
  const form = () => document.getElementById("answer-form");
  const typed = () => (form() ? new URLSearchParams([...new FormData(form())].filter(([name, value]) => typeof value === "string" && !["base_version", "flag", "was_value", "csrfmiddlewaretoken"].includes(name))).toString() : "");
  let saved = typed();
  const isIdle = () => typed() === saved && !(form()?.contains(document.activeElement) && document.activeElement.matches("textarea, input:not([type=radio]):not([type=checkbox])"));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && event.detail.requestConfig.verb === "post" && event.target.closest?.("#answer-form")) saved = typed();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id === "main") saved = typed();
    const news = document.querySelector("[data-th-fresh]");
    if (news && !news.dataset.thAsked && isIdle()) { news.dataset.thAsked = "1"; htmx.trigger(news, "th-fresh"); }
  });

  // Names to mention are put where the comment is written.
  const show = () => document.querySelectorAll("[data-th-mentions][hidden]").forEach((names) => { names.hidden = false; });
  show();
  document.addEventListener("htmx:load", show);
  document.addEventListener("click", (event) => {
    const name = event.target.closest("[data-th-mention]");
    if (!name) return;
    const field = document.getElementById(name.closest("[data-th-mentions]").dataset.thMentions);
    const gap = field.value && !/\s$/.test(field.value.slice(0, field.selectionStart)) ? " " : "";
    field.setRangeText(gap + name.dataset.thMention, field.selectionStart, field.selectionEnd, "end");
    field.focus();
  });

  // The keys in a dialog; without a script they are a page.
  const help = async () => {
    const dialog = document.getElementById("th-keys");
    if (!dialog || dialog.open) return;
    if (!dialog.childElementCount) await htmx.ajax("GET", document.querySelector("[data-th-help]").href, { target: "#th-keys", swap: "innerHTML" });
    dialog.showModal();
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-th-help]") || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    help();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input:not([type=radio]):not([type=checkbox]), textarea, select")) return;
    event.preventDefault();
    help();
  });
})();
