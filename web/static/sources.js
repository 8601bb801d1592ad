// Sources: bars of runs that go on, and a look at a folder while its path is typed.
import { beneath } from "./addresses.js";
import { inFolder } from "./folders.js";

const cards = [...document.querySelectorAll("[data-source]")];
let busy = new Set(cards.filter((c) => !c.querySelector(".run").hidden).map((c) => c.dataset.source));

const language = document.documentElement.lang;
function number(value, places = 0) { return value.toLocaleString(language, { maximumFractionDigits: places }); }
function time(seconds) {
  if (seconds < 90) return `${number(Math.max(1, seconds))} s`;
  return seconds < 5400 ? `${number(seconds / 60)} min` : `${number(seconds / 3600, 1)} h`;
}
// The word for one of it, or for so many.
function counted(count, one, many) {
  return `${number(count)} ${new Intl.PluralRules(language).select(count) === "one" ? one : many}`;
}
function show(card, source) {
  const box = card.querySelector(".run");
  const bar = box.querySelector("progress");
  const note = box.querySelector(".note");
  const run = source.running;
  box.hidden = !run && !source.requested;
  const stop = card.querySelector("button[value=stop]");
  if (stop) stop.hidden = box.hidden;
  if (box.hidden) return;
  if (stop?.disabled) {
    bar.removeAttribute("value");
    note.textContent = note.dataset.stopping;
  } else if (!run) {
    bar.removeAttribute("value");
    note.textContent = note.dataset.waiting;
  } else if (!run.total) {
    bar.removeAttribute("value");
    note.textContent = note.dataset.looking;
  } else {
    bar.max = run.total;
    bar.value = run.done;
    const parts = [
      `${number(run.done)} / ${number(run.total)}`,
      counted(run.pages, note.dataset.page, note.dataset.pages),
      `${number(run.pages_per_second, 1)} ${note.dataset.pages}/s`,
    ];
    if (run.seconds_left !== null) parts.push(`${time(run.seconds_left)} ${note.dataset.left}`);
    if (run.path) parts.push(run.path);
    note.textContent = parts.join(" · ");
  }
}
async function poll() {
  try {
    const answer = await fetch(beneath("/api/v1/sources"), { headers: { Accept: "application/json" } });
    const { sources } = await answer.json();
    const now = new Set();
    for (const source of sources) {
      const card = cards.find((c) => c.dataset.source === source.name);
      if (card) show(card, source);
      if (source.running || source.requested) now.add(source.name);
    }
    const ended = [...busy].some((name) => !now.has(name));
    busy = now;
    const writing = document.activeElement?.closest("form.fields, form.ask-first");
    if (ended && !writing) location.reload();
  } catch { /* the server is away for a moment: the next round asks again */ }
  setTimeout(poll, busy.size ? 1000 : 4000);
}
if (cards.length) poll();

const form = document.getElementById("add");
if (form) {
  const path = form.elements.path;
  const name = form.elements.name;
  const note = form.querySelector(".look");
  let waiting;
  let asked = 0;
  path.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(look, 350);
  });
  async function look() {
    const wanted = path.value.trim();
    const mine = ++asked;
    if (!wanted) { note.textContent = ""; return; }
    const [found, problem] = await inFolder("/api/v1/folders", wanted, note.dataset.failed);
    if (mine !== asked) return;
    note.classList.toggle("bad", Boolean(problem));
    if (problem) { note.textContent = problem; return; }
    const kinds = Object.entries(found.kinds).map(([kind, n]) => `${number(n)} ${kind}`).join(", ");
    const files = counted(found.files, note.dataset.file, note.dataset.files);
    const count = `${found.complete ? "" : `${note.dataset.more} `}${files}`;
    note.textContent = `${count}${kinds ? ` (${kinds})` : ""}; ${note.dataset.about} ${time(found.seconds)}.`;
    if (!name.value) name.placeholder = wanted.replace(/\/+$/, "").split("/").pop();
  }
}
