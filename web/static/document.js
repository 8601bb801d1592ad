// The viewer: what is marked, where one is, how large it is, and what is found.
import { beneath } from "./addresses.js";
import { copy } from "./clipboard.js";
import { find, findable } from "./finding.js";
import { element } from "./elements.js";

const $ = (id) => document.getElementById(id);
const bar = $("bar");

// --- copies -------------------------------------------------------------------------------------

const link = $("copy-link");
link?.addEventListener("click", async () => {
  const address = new URL(location.href);
  address.searchParams.delete("embed");
  await copy(address.href);
  link.textContent = link.dataset.done;
});
const place = $("copy-address");
place?.addEventListener("click", async () => {
  await copy($("address").textContent);
  place.textContent = place.dataset.done;
});

// --- pictures of pages: they load as they come near -----------------------------------------------

const near = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    const image = entry.target.querySelector("image[data-href]");
    if (image) { image.setAttribute("href", image.dataset.href); delete image.dataset.href; }
    near.unobserve(entry.target);
  }
}, { rootMargin: "1200px" });
for (const one of document.querySelectorAll(".leaf, .thumbnails li")) {
  if (one.querySelector("image[data-href]")) near.observe(one);
}

// --- marks: those of the passage, or what was found -----------------------------------------------

// Lines that stand together are one mark, and so are pieces of one block.
function cited() {
  const groups = [...document.querySelectorAll(".leaf .marks")].filter((one) => one.querySelector("rect"));
  const rows = [...document.querySelectorAll(".prose.text tr.marked")];
  const blocks = [...document.querySelectorAll(".prose.text mark")].filter((one) => !one.closest("tr"));
  const first = blocks.filter((one, at) => one.parentElement !== blocks[at - 1]?.parentElement);
  return [...groups.map((one) => one.querySelector("rect")), ...rows, ...first];
}
let marks = cited();
let at = 0;
function tell(otherwise = "") {
  $("moving").hidden = !marks.length && !otherwise;
  const shown = (n) => n.toLocaleString(document.documentElement.lang);
  $("mark-at").textContent = marks.length ? `${shown(at + 1)} / ${shown(marks.length)}` : otherwise;
  for (const id of ["mark-back", "mark-on"]) $(id).disabled = marks.length < 2;
}
function look(number) {
  if (!marks.length) return;
  at = (number + marks.length) % marks.length;
  const mark = marks[at];
  for (const one of document.querySelectorAll(".now")) one.classList.remove("now");
  if (mark instanceof Range) showRange(mark);
  else {
    mark.classList.add("now");
    mark.scrollIntoView({ block: "center", inline: "nearest" });
  }
  tell();
}
function showRange(range) {
  CSS.highlights?.set("now", new Highlight(range));
  const holder = range.startContainer.parentElement;
  holder.scrollIntoView({ block: "center", inline: "nearest" });
}

// --- finding --------------------------------------------------------------------------------------

let looking = 0;
async function look_for(text) {
  const mine = ++looking;
  CSS.highlights?.delete("now");
  let found = [], otherwise = text.trim() ? $("mark-at").dataset.none : "";
  try { found = await find(text, bar); }
  catch {
    findable.text = null;  // Enter asks again
    otherwise = $("mark-at").dataset.failed;
  }
  if (mine !== looking) return;
  marks = text.trim() ? found : cited();
  at = 0;
  if (marks.length) look(0);
  tell(otherwise);
}
let waiting = null;
$("find-text")?.addEventListener("input", (event) => {
  clearTimeout(waiting);
  waiting = setTimeout(() => look_for(event.target.value), 200);
});
$("find")?.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  if ($("find-text").value === findable.text) look(at + 1);
  else look_for($("find-text").value);
});

// --- where one is, and how large it is ------------------------------------------------------------

const leaves = [...document.querySelectorAll(".leaf, .leaf-number")];
function here() {
  const top = bar.getBoundingClientRect().bottom + 40;
  const passed = leaves.filter((one) => one.getBoundingClientRect().top <= top);
  return Number((passed.at(-1) ?? leaves[0])?.dataset.page ?? 1);
}
function follow() {
  const number = here();
  if ($("page-at") && document.activeElement !== $("page-at")) $("page-at").value = number;
  for (const one of document.querySelectorAll(".thumbnails a")) {
    const is = Number(one.dataset.page) === number;
    if (is && !one.hasAttribute("aria-current")) nearest(one);
    one.toggleAttribute("aria-current", is);
  }
}
// Within the row of thumbnails alone: the page itself is not moved.
function nearest(thumbnail) {
  const row = $("thumbnails"), box = thumbnail.getBoundingClientRect(), around = row.getBoundingClientRect();
  if (box.left < around.left) row.scrollLeft += box.left - around.left;
  if (box.right > around.right) row.scrollLeft += box.right - around.right;
}
let drawn = false;
addEventListener("scroll", () => {
  if (drawn) return;
  drawn = true;
  requestAnimationFrame(() => { drawn = false; follow(); });
}, { passive: true });
$("page-at")?.addEventListener("change", () => {
  const wanted = Number.parseInt($("page-at").value, 10);
  const last = leaves.at(-1);
  const leaf = $(`page-${wanted}`) ?? (wanted > Number(last?.dataset.page) ? last : leaves[0]);
  leaf?.scrollIntoView({ block: "start" });
  $("page-at").value = leaf?.dataset.page ?? 1;
});
const SIZES = [0.75, 1, 1.25, 1.5, 2, 3, 4];
const SHARP = 1.5;
let size = 1;
function zoom(to) {
  const number = here();
  size = to;
  const article = document.querySelector(".sheet");
  article.style.setProperty("--zoom", String(size));
  $("zoom-reset").textContent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent" }).format(size);
  $("zoom-out").disabled = size === SIZES[0];
  $("zoom-in").disabled = size === SIZES.at(-1);
  if (size >= SHARP) sharpen();
  if (number > 1) $(`page-${number}`)?.scrollIntoView({ block: "start" });
}
function step(by) {
  const now = SIZES.findIndex((one) => one >= size);
  zoom(SIZES[Math.min(SIZES.length - 1, Math.max(0, now + by))]);
}
// Larger pictures, of the pages that are near; the others when they come near.
function sharpen() {
  for (const leaf of document.querySelectorAll(".leaf")) {
    const image = leaf.querySelector("image");
    const address = (image.dataset.href ?? image.getAttribute("href")).replace(/width=\d+/, "width=2000");
    if (address === (image.dataset.href ?? image.getAttribute("href"))) continue;
    image.dataset.href = address;
    near.observe(leaf);
  }
}
$("zoom-in")?.addEventListener("click", () => step(1));
$("zoom-out")?.addEventListener("click", () => step(-1));
$("zoom-reset")?.addEventListener("click", () => zoom(1));
$("mark-back")?.addEventListener("click", () => look(at - 1));
$("mark-on")?.addEventListener("click", () => look(at + 1));
const thumbnails = $("thumbnails-open");
thumbnails?.addEventListener("click", () => {
  $("thumbnails").hidden = !$("thumbnails").hidden;
  thumbnails.setAttribute("aria-expanded", String(!$("thumbnails").hidden));
  follow();
});

// --- what is in it --------------------------------------------------------------------------------

const inside = $("inside");
inside?.addEventListener("toggle", async () => {
  const list = $("key-sentences");
  if (!inside.open || list.getAttribute("aria-busy") !== "true" || list.dataset.asked) return;
  list.dataset.asked = "yes";
  const said = (text) => list.replaceChildren(element("li", { class: "note" }, text));
  try {
    const response = await fetch(beneath(`/documents/${bar.dataset.document}/sentences`));
    const { sentences, error } = await response.json();
    if (!response.ok) throw new Error(error?.message ?? "");
    const embedded = new URL(location.href).searchParams.has("embed") ? "&embed=true" : "";
    list.replaceChildren(...sentences.map((one) => (
      element("li", {}, element("a", { href: beneath(one.address + embedded) }, one.text)))));
    if (!sentences.length) said(list.dataset.none);
  } catch (error) {
    said(`${inside.dataset.failed} ${error.message}`);
    delete list.dataset.asked;  // it is tried again when it is opened again
    return;
  }
  list.setAttribute("aria-busy", "false");
});

// --- the beginning, and keys ----------------------------------------------------------------------

if (bar) {
  bar.hidden = false;
  tell();
}
const page = new URL(location.href).searchParams.get("page");
const target = marks[0] ?? (!location.hash && page && $(`page-${page}`));
target?.scrollIntoView({ block: "center" });
if (bar) follow();
// Beside an answer: Esc closes it, j and k go on in the list that it was opened from.
const TOLD = { Escape: "close", j: "j", k: "k" };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (bar && (event.key === "n" || event.key === "p")) return look(event.key === "n" ? at + 1 : at - 1);
  if (window.parent !== window && event.key in TOLD) window.parent.postMessage(TOLD[event.key], location.origin);
});
