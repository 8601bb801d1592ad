// The box: what may be typed in it, behind a "?"; and how far a first reading is, below it.
import { beneath } from "./addresses.js";
import { words } from "./parts.js";

const $ = (id) => document.getElementById(id);
const POLL_MS = 5000;

function showSyntax(open) {
  $("syntax").hidden = !open;
  $("syntax-open").setAttribute("aria-expanded", String(open));
}
$("syntax-open").addEventListener("click", () => showSyntax($("syntax").hidden));
document.querySelector(".ask").addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || $("syntax").hidden) return;
  event.stopPropagation();
  event.preventDefault();
  showSyntax(false);
  $("syntax-open").focus();
});
document.addEventListener("click", (event) => {
  if (!$("syntax").contains(event.target) && event.target !== $("syntax-open")) showSyntax(false);
});

// What was pressed joins the question, with the part chosen that is to be replaced.
for (const button of document.querySelectorAll("#syntax .typed")) {
  button.addEventListener("click", () => {
    const box = $("q");
    const before = box.value.trimEnd() + (box.value.trim() ? " " : "");
    const [, sign, part] = /^("|-|\w+:)(.*?)"?$/.exec(button.dataset.typed);
    box.value = before + button.dataset.typed;
    showSyntax(false);
    box.focus();
    const start = before.length + sign.length;
    box.setSelectionRange(start, start + part.length);
  });
}

// --- how far the first reading is -------------------------------------------------------------

export const standing = { words: $("reading").textContent, documents: words.documents };

export async function lookAtReading() {
  const response = await fetch(beneath("/reading"), { headers: { Accept: "application/json" } });
  if (!response.ok) return;
  Object.assign(standing, await response.json());
  $("reading").hidden = !standing.words;
  if ($("reading").textContent !== standing.words) $("reading").textContent = standing.words ?? "";
  $("count").textContent = standing.count;
  if ($("nothing-yet")) $("nothing-yet").hidden = Boolean(standing.words || standing.documents);
}

// Said where nothing was found: why, and how far the reading is.
export function nothing() {
  if (standing.words) return `${words.nothing_read} ${standing.words}`;
  return standing.documents ? words.nothing : words.no_documents;
}

async function poll() {
  // Where the server is away for a moment, the next round asks again.
  if (!document.hidden) await lookAtReading().catch(() => {});
  if (standing.words || !standing.documents) setTimeout(poll, POLL_MS);
}
if (standing.words || !standing.documents) setTimeout(poll, POLL_MS);
