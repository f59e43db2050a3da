// What is typed into a form and not sent yet is kept in this browser, under the person and the form,
// and put back where it was typed: after the session ended, the network failed or the page was left
// by mistake. It goes when the form is saved, when it is discarded, and when the person signs out.
// Answers have more of it, in drafts.js: they are sent again by themselves.
(() => {
  const PREFIX = "tianheng-typed:";
  const SENT = "tianheng-sent";
  const OLDEST_MS = 30 * 24 * 3600 * 1000;
  const person = document.body.dataset.thPerson;
  const quietly = (act) => { try { return act(); } catch { return null; } }; // a browser may forbid to keep anything
  const read = (name) => quietly(() => JSON.parse(localStorage.getItem(name)));
  const drop = (name) => quietly(() => localStorage.removeItem(name));
  const names = (...starts) => quietly(() => Object.keys(localStorage).filter((name) => starts.some((start) => name.startsWith(start)))) ?? [];

  for (const name of names(PREFIX)) { const kept = read(name); if (!kept || Date.now() - kept.at > OLDEST_MS) drop(name); }

  // Signing in again, here or in another window, changes the token that every form carries.
  const token = () => document.cookie.split("; ").find((part) => /^(__Host-csrf|csrftoken)=/.test(part))?.split("=")[1];
  document.addEventListener("htmx:configRequest", (event) => {
    const now = token();
    if (!now || event.detail.verb === "get") return;
    event.detail.headers["X-CSRFToken"] = now;
    if ("csrfmiddlewaretoken" in event.detail.parameters) event.detail.parameters.csrfmiddlewaretoken = now;
  });
  document.addEventListener("visibilitychange", () => {
    const now = token();
    if (now) document.querySelectorAll("input[name=csrfmiddlewaretoken]").forEach((field) => { field.value = now; });
  });

  const NOT_KEPT = ["hidden", "file", "password", "submit", "button", "fieldset", "output"];
  const isKept = (form) => form?.method === "post" && (form.hasAttribute("data-th-typed") || form.querySelector("textarea")) && !form.matches("[data-th-draft], .th-conflict, [data-th-no-draft]");
  const forms = (root) => [...(root.matches?.("form") ? [root] : []), ...root.querySelectorAll("form")].filter(isKept);
  const nameOf = (form) => `${PREFIX}${person}:${new URL(form.getAttribute("action") || location.pathname, location.href).pathname}:${form.querySelector("button[name]")?.value ?? ""}`;
  const fields = (form) => [...form.elements].filter((field) => field.name && !NOT_KEPT.includes(field.type) && !field.closest("[data-th-no-draft]"));
  const isTick = (field) => ["radio", "checkbox"].includes(field.type);
  const first = (field) => (field.options ? ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? "" : field.defaultValue);
  const lines = (text) => text.replaceAll("\r\n", "\n");
  const typed = (form) => JSON.stringify(fields(form).filter((field) => !isTick(field) || field.checked).map((field) => [field.name, lines(field.value)]));
  const given = (form) => JSON.stringify(fields(form).filter((field) => !isTick(field) || field.defaultChecked).map((field) => [field.name, lines(isTick(field) ? field.value : first(field))]));
  const saved = new WeakMap(); // forms that are saved while they are filled in: what the server has by now

  const keep = (form) => {
    if (typed(form) === (saved.get(form) ?? given(form))) { drop(nameOf(form)); return; }
    const kept = { at: Date.now(), version: form.elements.base_version?.value ?? "", fields: JSON.parse(typed(form)) };
    quietly(() => localStorage.setItem(nameOf(form), JSON.stringify(kept)));
  };

  const tell = (form, version) => {
    const note = document.getElementById("th-typed-note")?.content.firstElementChild.cloneNode(true);
    if (!note) return;
    note.querySelector("button").addEventListener("click", () => {
      form.reset();
      if (form.elements.base_version) form.elements.base_version.value = version;
      drop(nameOf(form));
      note.remove();
      fields(form)[0]?.focus();
    });
    form.prepend(note);
  };

  const restore = (form) => {
    const kept = read(nameOf(form));
    if (!kept || typed(form) !== given(form)) return;
    if (JSON.stringify(kept.fields) === given(form)) {
      // Shown again with what is wrong with it, it is not saved; else somebody has saved the same.
      if (isRefused(form)) saved.set(form, ""); else drop(nameOf(form));
      return;
    }
    const values = new Map();
    for (const [field, value] of kept.fields) values.set(field, [...(values.get(field) ?? []), value]);
    const taken = new Map();
    for (const field of fields(form)) {
      const wanted = values.get(field.name) ?? [];
      if (isTick(field)) field.checked = wanted.includes(field.value);
      else {
        const index = taken.get(field.name) ?? 0;
        taken.set(field.name, index + 1);
        if (index < wanted.length) field.value = wanted[index];
      }
      const isChanged = isTick(field) ? field.checked !== field.defaultChecked : lines(field.value) !== lines(first(field));
      for (let part = field.closest("details"); isChanged && part; part = part.parentElement.closest("details")) part.open = true;
    }
    // What somebody else saved meanwhile is not overwritten: the server compares the versions.
    const version = form.elements.base_version?.value ?? "";
    if (form.elements.base_version && kept.version) form.elements.base_version.value = kept.version;
    const send = () => form.dispatchEvent(new Event("change", { bubbles: true }));
    if (!form.matches("[hx-trigger~=change]")) tell(form, version);
    else if (document.readyState === "complete") send();
    else addEventListener("load", send); // htmx listens by then
  };

  // A form that was sent is saved, unless the answer was a refusal, the sign-in page or no answer.
  const sent = quietly(() => JSON.parse(sessionStorage.getItem(SENT))) ?? [];
  quietly(() => sessionStorage.removeItem(SENT));
  const arrival = performance.getEntriesByType("navigation")[0];
  const isAnswer = person && arrival?.type === "navigate" && document.referrer.startsWith(location.origin) && (arrival.responseStatus ?? 200) < 400;
  const isRefused = (form) => (arrival?.responseStatus ?? 200) >= 400 || Boolean(document.querySelector(".th-errors") || form.querySelector("[aria-invalid=true], .th-field__error"));
  const isSaved = (name) => !forms(document).some((form) => nameOf(form) === name && isRefused(form));
  if (isAnswer) sent.filter(isSaved).forEach(drop);
  if (!person) return;

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (/\/logout\/$/.test(form.action)) { names(PREFIX, "tianheng-draft:").forEach(drop); return; }
    if (!isKept(form) || form.matches("[hx-post]")) return;
    keep(form);
    quietly(() => sessionStorage.setItem(SENT, JSON.stringify([nameOf(form)])));
  });
  const noted = (event) => { const form = event.target.closest?.("form"); if (isKept(form)) keep(form); };
  document.addEventListener("input", noted);
  document.addEventListener("change", noted);
  let underway = null; // what was typed when the form was sent
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (event.detail.requestConfig.verb === "post" && isKept(form)) { keep(form); underway = typed(form); }
  });
  // Before the part that is swapped in looks for what was kept.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { requestConfig, xhr } = event.detail;
    const form = requestConfig.elt.closest("form");
    if (requestConfig.verb !== "post" || !isKept(form) || xhr.status !== 200) return;
    saved.set(form, underway);
    keep(form);
    if (!form.matches("[hx-trigger~=change]")) drop(nameOf(form));
    form.querySelector(".th-typed")?.remove();
  });
  document.addEventListener("htmx:load", (event) => forms(event.detail.elt).forEach(restore));
  forms(document).forEach(restore);
})();
