// The sources of an answer: cards above it, and one where a number is pointed at.
import { dateOf, element, languageName, pageOf, viewerAddress, words } from "./parts.js";

const $ = (id) => document.getElementById(id);
let onOpen = () => {};
export function whenOpened(act) { onOpen = act; }

export function open(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  onOpen(event.currentTarget);
}

// By touch the first tap shows the card, the second opens the document. The tap itself may have
// shown it, by the focus that it gives: what counts is what was there when it began.
export function opensByTouch(link, show) {
  let seen = false;
  link.addEventListener("pointerdown", () => {
    seen = !$("card").hidden && $("card").dataset.of === link.dataset.card;
  });
  link.addEventListener("click", (event) => {
    if (event.pointerType !== "touch" || seen) return open(event);
    event.preventDefault();
    return show();
  });
}

export function quote(citation) { return citation.quote.replace(/\s+/g, " "); }

function kind(source) { return source.document.split(".").pop().slice(0, 5); }

function place(source) {
  const page = pageOf(source) ?? source.section;
  const foreign = isForeign(source) ? languageName(source.language) : null;
  const file = `${source.source} › ${source.document}`;
  const date = dateOf(source.date, source.precision);
  const edition = source.called_by || date?.includes(source.edition) ? null : source.edition;
  return [page, edition, date, file, foreign].filter(Boolean).join(" · ");
}

// Another language than the page's is said; whatever it is, whoever reads aloud is told.
function isForeign(source) { return source.language && source.language !== document.documentElement.lang; }

// The quoted words, marked, among those around them; before them at most so many characters.
function inContext(given, source, at, most = 200) {
  const { before, after } = given.shown.contexts[at];
  const near = before.length > most ? `… ${before.slice(-most).replace(/^\S*\s/, "")}` : before;
  return element("p", { class: "quoted", lang: source.language },
    near, element("mark", {}, given.answer.citations[at].quote), after);
}

let counted = 0;
export function showCard(link, given, source, places) {
  const box = $("card");
  link.dataset.card ??= String(counted += 1);
  box.dataset.of = link.dataset.card;
  box.replaceChildren(
    element("p", { class: "title" }, element("span", { class: "kind" }, kind(source)), source.title),
    element("p", { class: "where" }, place(source)),
    ...places.map((at) => inContext(given, source, at)));
  box.onclick = () => onOpen(link);
  box.hidden = false;
  const at = link.getBoundingClientRect();
  const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 16);
  const below = at.bottom + 8 + box.offsetHeight < innerHeight;
  box.style.left = `${Math.max(16, left) + scrollX}px`;
  box.style.top = `${(below ? at.bottom + 8 : at.top - box.offsetHeight - 8) + scrollY}px`;
}

function card(given, source, thumbs) {
  const first = given.answer.citations[source.citations[0]];
  const link = element("a",
    { class: "title", href: viewerAddress(first, first.start, first.end) }, source.title);
  link.addEventListener("click", open);
  return element("li", { value: source.n, "data-source": source.n },
    element("p", { class: "head" }, element("span", { class: "number", "aria-hidden": "true" }, source.n),
      element("span", { class: "kind", "aria-hidden": "true" }, kind(source)), link),
    element("p", { class: "where" }, place(source)),
    inContext(given, source, source.citations[0], 48),
    thumbs(source.n));
}

// Cards for what is cited; ``thumbs`` makes the buttons by which a source is judged.
export function showSources(answer, shown, thumbs) {
  $("sources").hidden = !shown.sources.length;
  $("source-list").replaceChildren(
    ...shown.sources.map((source) => card({ answer, shown }, source, thumbs)));
}
