// The fingerprint of a PDF, computed here: the file does not leave the browser. Without this file,
// or where the browser does not compute one, the form sends the PDF to be compared.
(() => {
  const form = document.querySelector("[data-th-verify]");
  if (!form || !window.crypto || !crypto.subtle) return;
  const field = form.querySelector("input[type=file]");
  const drop = form.querySelector(".th-drop");
  const say = form.querySelector("[data-th-say]");
  const words = say.dataset;
  form.querySelector("[data-th-sent]").hidden = true;
  form.querySelector("[data-th-stays]").hidden = false;

  const compare = async (file) => {
    if (file.size > Number(words.most)) { say.textContent = words.tooLarge; return; }
    say.textContent = words.computing;
    try {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
      location.assign(`${form.action}?sha256=${sha256}`);
    } catch {
      say.textContent = words.unreadable;
    }
  };

  form.addEventListener("submit", (event) => {
    if (!field.files.length) return;
    event.preventDefault();
    compare(field.files[0]);
  });
  field.addEventListener("change", () => { if (field.files.length) compare(field.files[0]); });
  for (const name of ["dragover", "dragenter"]) {
    drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("th-drop--over"); });
  }
  drop.addEventListener("dragleave", () => drop.classList.remove("th-drop--over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("th-drop--over");
    const [file] = event.dataTransfer.files;
    if (file) compare(file);
  });
})();
