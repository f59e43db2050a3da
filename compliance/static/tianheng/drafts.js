// Nothing that is typed is lost. What is not saved yet is kept in this browser, under the person and
// the requirement; it is sent again by itself when the network or the session is back, and offered
// on the page it was typed on. Kept text goes when it is saved, and (see kept.js) when the person signs out.
(() => {
  const PREFIX = "tianheng-draft:";
  const DELAYS_S = [2, 5, 10, 20, 40, 60];
  const OLDEST_MS = 30 * 24 * 3600 * 1000;
  const read = (name) => { try { return JSON.parse(localStorage.getItem(name)); } catch { return null; } };
  const names = () => { try { return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX)); } catch { return []; } };
  const drop = (name) => { try { localStorage.removeItem(name); } catch { /* nothing was kept */ } };
  const word = (name) => document.getElementById("th-draft-words")?.content.querySelector(`[data-${name}]`)?.textContent ?? "";

  for (const name of names()) { const kept = read(name); if (!kept || Date.now() - kept.at > OLDEST_MS) drop(name); }

  // Other answers of this assessment that wait to be sent, with the way to each.
  const tellOfOthers = (scope, own) => {
    const others = names().filter((name) => name.startsWith(`${PREFIX}${scope}:`) && name !== own);
    const template = document.getElementById("th-draft-note");
    const place = document.getElementById("th-messages");
    if (!others.length || !template || !place) return;
    const note = template.content.cloneNode(true);
    note.querySelector("strong").textContent = word("others");
    const list = note.querySelector(".th-grow > span");
    others.slice(0, 5).forEach((name, index) => {
      const kept = read(name);
      const link = document.createElement("a");
      link.href = kept.page;
      link.textContent = kept.title;
      if (index) list.append(" · ");
      list.append(link);
    });
    place.append(note);
  };

  const overview = document.querySelector("[data-th-drafts-of]");
  if (overview) tellOfOthers(overview.dataset.thDraftsOf, "");

  const first = document.querySelector("form[data-th-draft]");
  if (!first) return;
  const name = PREFIX + first.dataset.thDraft;
  const action = first.getAttribute("action");
  const title = first.dataset.thTitle;
  const SERVERS_OWN = ["csrfmiddlewaretoken", "base_version", "was_value"];
  const form = () => document.querySelector("form[data-th-draft]");

  const fields = () => [...(form()?.elements ?? [])].filter((field) => field.name && !SERVERS_OWN.includes(field.name) && !["file", "submit", "button"].includes(field.type) && !field.closest("[data-th-no-draft]"));
  const typed = () => JSON.stringify(fields().filter((field) => !["radio", "checkbox"].includes(field.type) || field.checked).map((field) => [field.name, field.value.replaceAll("\r\n", "\n")]));
  const version = () => form()?.elements.base_version?.value ?? "";

  let saved = first.hasAttribute("data-th-unsaved") ? "" : typed(); // what the server has
  let sending = null; // what is on its way
  let trouble = ""; // "waiting" for the network, or "refused"
  let attempt = 0;
  let timer = 0;

  const keep = () => {
    if (!form()) return;
    const isSaved = typed() === saved;
    form().toggleAttribute("data-th-kept", !isSaved);
    if (isSaved) { drop(name); return; }
    const kept = { at: Date.now(), page: location.pathname, title, version: version(), fields: JSON.parse(typed()) };
    try { localStorage.setItem(name, JSON.stringify(kept)); } catch { /* full or forbidden: the page still has it */ }
  };

  const show = (text, withButton) => {
    const place = document.getElementById("saved");
    const template = document.getElementById("th-draft-state");
    if (!place || !template) return;
    const state = template.content.cloneNode(true);
    state.querySelector("span span").textContent = text;
    const button = state.querySelector("button");
    if (withButton) { button.textContent = word("now"); button.addEventListener("click", send); } else button.remove();
    place.replaceChildren(state);
  };

  function send() {
    clearTimeout(timer);
    if (!form() || sending !== null || typed() === saved) return;
    form().querySelector("[hx-trigger=change]")?.dispatchEvent(new Event("change"));
  }

  const later = () => {
    trouble = "waiting";
    show(word("waiting"), true);
    clearTimeout(timer);
    timer = setTimeout(send, 1000 * DELAYS_S[Math.min(attempt, DELAYS_S.length - 1)]);
    attempt += 1;
  };

  const isOurs = (event) => event.detail.requestConfig?.verb === "post" && event.detail.requestConfig.path === action;

  document.addEventListener("input", (event) => { if (event.target.closest("form[data-th-draft]") && !event.target.closest("[data-th-no-draft]")) { keep(); if (!trouble && typed() !== saved) show(word("typing")); } });
  addEventListener("pagehide", keep);
  addEventListener("online", () => { attempt = 0; if (trouble === "waiting") send(); });
  addEventListener("focus", () => { if (trouble) send(); });
  addEventListener("beforeunload", (event) => { if (trouble && form() && typed() !== saved) event.preventDefault(); });

  document.addEventListener("htmx:beforeRequest", (event) => { if (isOurs(event)) { sending = typed(); keep(); } });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!isOurs(event)) return;
    const { status } = event.detail.xhr;
    const sent = sending;
    sending = null;
    if (status === 200) {
      attempt = 0;
      trouble = "";
      // The hidden fields of the form follow a moment later.
      setTimeout(() => { if (sent !== null) saved = flagged(sent); keep(); if (typed() !== saved) show(word("typing")); }, 60);
    } else if (status === 0 || status >= 500 || status === 401 || status === 429) {
      keep();
      later();
    } else if (status !== 412 && status !== 422) {
      keep();
      trouble = "refused";
      show(word("refused"), true);
    } else keep();
  });
  // The mark is changed by the button that was pressed, not by the field that was sent.
  const flagged = (sent) => {
    const mark = form()?.elements.flag?.value ?? "";
    return JSON.stringify(JSON.parse(sent).map(([field, value]) => [field, field === "flag" ? mark : value]));
  };
  // This page tells of its own failures beside "saved"; the general note would say it twice.
  for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.body.addEventListener(failure, (event) => { if (isOurs(event)) event.stopPropagation(); });
  }
  // Whoever has chosen between two versions has chosen: what was kept of the older text goes.
  document.addEventListener("submit", (event) => { if (event.target.matches(".th-conflict")) { try { sessionStorage.setItem(name, "chosen"); } catch { /* it is asked again */ } } });

  // What was kept when this page was left comes back.
  const restore = () => {
    const kept = read(name);
    if (!kept) return;
    let chosen = false;
    try { chosen = sessionStorage.getItem(name) === "chosen" && Number(version()) > Number(kept.version); sessionStorage.removeItem(name); } catch { /* no memory of a choice */ }
    if (chosen || JSON.stringify(kept.fields) === saved) { drop(name); return; }
    const values = new Map();
    for (const [field, value] of kept.fields) values.set(field, [...(values.get(field) ?? []), value]);
    for (const field of fields()) {
      const wanted = values.get(field.name) ?? [];
      if (["radio", "checkbox"].includes(field.type)) field.checked = wanted.includes(field.value);
      else if (wanted.length) [field.value] = wanted;
    }
    form().elements.base_version.value = kept.version;
    form().toggleAttribute("data-th-kept", true);
    show(word("back"));
    trouble = "waiting";
    setTimeout(send, 300);
  };
  restore();
  if (first.hasAttribute("data-th-unsaved")) keep();
  tellOfOthers(first.dataset.thDraft.split(":").slice(0, 2).join(":"), name);
})();
