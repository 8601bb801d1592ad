// Documents: files dropped anywhere on the page, or chosen, each with its progress.
import { beneath } from "./addresses.js";
const tray = document.getElementById("tray");
const list = tray?.querySelector("ul");
const chooser = document.getElementById("choose");
const words = tray?.dataset ?? {};
const readers = document.getElementById("upload-readers");
const queue = [];
let held = [];
let working = 0;

function row(file) {
  const item = document.createElement("li");
  const name = document.createElement("span");
  name.textContent = file.name;
  const bar = document.createElement("progress");
  bar.max = file.size || 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  const state = document.createElement("span");
  state.className = "note";
  state.textContent = words.waiting;
  item.append(name, bar, state);
  list.prepend(item);
  return { bar, state };
}
function add(files) {
  if (!files.length) return;
  if (readers && !readers.value) {
    held = [...held, ...files];
    readers.setCustomValidity(readers.dataset.ask);
    readers.reportValidity();
    return;
  }
  tray.hidden = false;
  for (const file of files) queue.push({ file, ...row(file) });
  while (working < 2 && queue.length) next();
}
function next() {
  const job = queue.shift();
  if (!job) return;
  working += 1;
  const limit = Number(words.limit) * 1024 * 1024;
  if (job.file.size > limit) return done(job, words.large, true);
  const request = new XMLHttpRequest();
  const name = encodeURIComponent(job.file.name);
  const mayRead = encodeURIComponent(readers?.value ?? "");
  request.open("POST", beneath(`/api/v1/uploads?name=${name}&readers=${mayRead}`));
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.onprogress = (event) => { job.bar.value = event.loaded; job.state.textContent = words.sending; };
  request.onerror = () => done(job, words.broken, true);
  request.onload = () => {
    let answer = {};
    try { answer = JSON.parse(request.responseText); } catch { /* not ours: shown as broken */ }
    if (request.status !== 201) return done(job, answer.error?.message ?? words.broken, true);
    job.bar.removeAttribute("value");
    job.state.textContent = words.reading;
    follow(job, answer, 0);
    working -= 1;
    next();
  };
  request.send(job.file);
}
function done(job, text, bad = false) {
  job.bar.hidden = true;
  job.state.textContent = text;
  job.state.classList.toggle("bad", bad);
  working -= 1;
  next();
}
async function follow(job, stored, tries) {
  const source = encodeURIComponent(stored.source);
  const text = encodeURIComponent(stored.path);
  const answer = await fetch(beneath(`/api/v1/files?source=${source}&text=${text}`)).catch(() => null);
  const files = answer?.ok ? (await answer.json()).files : [];
  const file = files.find((f) => f.path === stored.path);
  if (file && file.state !== "waiting") {
    job.bar.hidden = true;
    job.state.textContent = file.reason ?? words.ready;
    job.state.classList.toggle("bad", !["indexed", "partial"].includes(file.state));
  } else if (tries < 600) setTimeout(() => follow(job, stored, tries + 1), tries < 20 ? 700 : 3000);
}
if (tray && chooser) {
  readers?.addEventListener("change", () => {
    readers.setCustomValidity("");
    if (!readers.value) return;
    const files = held;
    held = [];
    add(files);
  });
  chooser.addEventListener("change", () => { add([...chooser.files]); chooser.value = ""; });
  let inside = 0;
  const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragenter", (event) => {
    if (!carries(event)) return;
    inside += 1;
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => {
    if (!carries(event) || --inside > 0) return;
    inside = 0;
    document.body.classList.remove("dropping");
  });
  addEventListener("dragover", (event) => { if (carries(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    inside = 0;
    document.body.classList.remove("dropping");
    add([...event.dataTransfer.files]);
  });
  addEventListener("beforeunload", (event) => { if (working || queue.length) event.preventDefault(); });
}
