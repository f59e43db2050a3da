// Several files at once into the library, each with its own progress. Without this file the form
// sends all of them together.
(() => {
  const form = document.querySelector("[data-th-upload]");
  if (!form) return;
  const field = form.querySelector("input[type=file]");
  const lines = form.querySelector(".th-uploads");
  const words = form.querySelector("[data-th-words]").content;
  const word = (name) => words.querySelector(`[data-${name}]`).textContent;
  const LARGEST = 25 * 1024 * 1024;
  const AT_ONCE = 2;
  const waiting = [];
  let running = 0;

  const fields = () => {
    const data = new FormData();
    for (const name of ["csrfmiddlewaretoken", "kind", "effective_on", "expires_on"]) data.append(name, form.elements[name].value);
    return data;
  };

  const refresh = () => {
    const list = document.getElementById("library");
    if (list && window.htmx) window.htmx.ajax("GET", location.pathname + location.search, { target: "#library", swap: "outerHTML" });
  };

  const next = () => {
    while (running < AT_ONCE && waiting.length) { running += 1; send(waiting.shift()); }
    if (running === 0) refresh();
  };

  const say = (line, text, isFault) => {
    const place = line.querySelector(".th-upload__say");
    place.textContent = text;
    place.classList.toggle("th-late", Boolean(isFault));
    place.classList.toggle("th-muted", !isFault);
    if (isFault) place.setAttribute("role", "alert"); else place.removeAttribute("role");
  };

  const failed = (job, text, mayTryAgain) => {
    say(job.line, text, true);
    job.line.querySelector("progress").hidden = true;
    job.line.querySelector("button").hidden = !mayTryAgain;
  };

  const send = (job) => {
    const bar = job.line.querySelector("progress");
    const request = new XMLHttpRequest();
    const data = fields();
    data.append("file", job.file);
    const finished = () => { running -= 1; next(); };
    bar.hidden = false;
    job.line.querySelector("button").hidden = true;
    request.open("POST", form.dataset.thUpload);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = Math.round((100 * event.loaded) / event.total);
      say(job.line, event.loaded < event.total ? `${bar.value}%` : word("sent"));
    });
    request.addEventListener("load", () => {
      let told = {};
      try { told = JSON.parse(request.responseText); } catch { /* a page: it is told below */ }
      if (request.status === 201 && told.url) {
        bar.value = 100;
        bar.hidden = true;
        const link = document.createElement("a");
        link.href = `${told.url}#edit`;
        link.textContent = word("done");
        job.line.querySelector(".th-upload__say").replaceChildren(link);
        job.line.classList.add("th-upload--done");
      } else failed(job, told.error || word("failed"), request.status !== 422);
      finished();
    });
    request.addEventListener("error", () => { failed(job, word("lost"), true); finished(); });
    request.send(data);
  };

  const take = (files) => {
    for (const file of files) {
      const line = form.querySelector("[data-th-line]").content.firstElementChild.cloneNode(true);
      const job = { file, line };
      line.querySelector(".th-upload__name").textContent = file.name;
      line.querySelector("progress").setAttribute("aria-label", file.name);
      line.querySelector("button").addEventListener("click", () => { waiting.push(job); next(); });
      lines.append(line);
      lines.hidden = false;
      if (file.size > LARGEST) { failed(job, word("large"), false); continue; }
      say(line, word("waiting"));
      waiting.push(job);
    }
    next();
  };

  field.addEventListener("change", () => { const files = [...field.files]; field.value = ""; take(files); });
  const drop = form.querySelector(".th-lib-drop");
  const mark = (on) => drop.classList.toggle("th-drop--over", on);
  document.addEventListener("dragover", (event) => { if (event.dataTransfer?.types.includes("Files")) { event.preventDefault(); mark(true); } });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) mark(false); });
  // Before the general handler of dropped files, which knows of one file only.
  document.addEventListener("drop", (event) => {
    mark(false);
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    event.stopPropagation();
    take([...event.dataTransfer.files]);
  }, true);
  addEventListener("beforeunload", (event) => { if (running || waiting.length) event.preventDefault(); });
})();
