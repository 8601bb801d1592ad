// An answer from its tree of blocks: elements and text, never HTML of the model.
import { opensByTouch, showCard } from "./cards.js";
import { element, viewerAddress, words } from "./parts.js";

const FACES = [["strong", "strong"], ["emphasised", "em"], ["struck", "s"], ["code", "code"]];

function text(runs) {
  return runs.map((run) => {
    const lines = run.text.split("\n").flatMap((line, n) => (n ? [element("br"), line] : [line]));
    return FACES.reduce(
      (inner, [face, tag]) => (run[face] ? [element(tag, {}, ...inner)] : inner), lines);
  }).flat();
}

// The numbers of a sentence's sources; each shows what of it supports the sentence.
function markers(given, sentence) {
  const cited = given.shown.cited[sentence] ?? [];
  const numbers = [...new Set(cited.map((at) => given.answer.citations[at].n))];
  return numbers.map((n) => (
    marker(given, n, cited.filter((at) => given.answer.citations[at].n === n))));
}

function marker(given, n, places) {
  const citation = given.answer.citations[places[0]];
  const source = given.shown.sources.find((one) => one.n === n);
  const href = viewerAddress(citation, citation.start, citation.end);
  const label = `${words.source} ${n}: ${source.title}`;
  const link = element("a",
    { class: "cite", href, "aria-label": label, "aria-describedby": "card" }, String(n));
  const show = () => showCard(link, given, source, places);
  for (const begin of ["mouseenter", "focus"]) link.addEventListener(begin, show);
  for (const end of ["mouseleave", "blur"]) {
    link.addEventListener(end, () => { document.getElementById("card").hidden = true; });
  }
  opensByTouch(link, show);
  return link;
}

// A sentence with its numbers; what the documents do not hold says so in a word.
function judged(given, runs, sentence) {
  if (sentence === undefined || sentence === null || !given.answer) return text(runs);
  const { supported } = given.answer.sentences[sentence];
  const shown = element("span",
    { class: supported ? "sentence" : "sentence unsupported" }, ...text(runs));
  const doubt = supported ? [] : [" ", element("span", { class: "doubt" }, words.doubt)];
  return [shown, ...doubt, ...markers(given, sentence)];
}

function said(given, all = []) {
  return all.flatMap((one, n) => [
    ...(n ? [one.breaks ? element("br") : " "] : []),
    ...judged(given, one.runs, one.sentence),
  ]);
}

function list(given, block) {
  const ordered = block.start !== undefined && block.start !== null;
  const items = block.items.map((item) => element("li", {}, ...blocks(given, item)));
  return element(ordered ? "ol" : "ul", { start: ordered ? block.start : null }, ...items);
}

function table(given, block) {
  const head = (block.head ?? []).map((cell) => element("th", { scope: "col" }, ...text(cell)));
  const rows = (block.rows ?? []).map((row) => element("tr", {}, ...row.cells.map((cell, at) => {
    const last = at === row.cells.length - 1;
    return element("td", {}, ...(last ? judged(given, cell, row.sentence) : text(cell)));
  })));
  return element("div", { class: "wide", tabindex: "0", role: "group", "aria-label": words.table },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)),
      element("tbody", {}, ...rows)));
}

function code(given, block) {
  const [{ runs = [], sentence } = {}] = block.said ?? [];
  const content = runs.map((run) => run.text).join("");
  const lines = element("pre", { tabindex: "0" }, element("code", {}, content));
  const after = judged(given, [], sentence);
  return element("div", {}, lines, ...(given.answer ? [element("p", {}, ...after)] : []));
}

export function blocks(given, form) {
  return form.map((block) => {
    switch (block.kind) {
      case "heading":
        return element(`h${Math.min(6, (block.level ?? 1) + 2)}`, {}, ...said(given, block.said));
      case "list": return list(given, block);
      case "table": return table(given, block);
      case "code": return code(given, block);
      case "quote": return element("blockquote", {}, ...blocks(given, block.items[0]));
      case "rule": return element("hr");
      default: return element("p", {}, ...said(given, block.said));
    }
  });
}

// An answer that was checked, with what the page needs beside it.
export function rendered(answer, shown) {
  return blocks({ answer, shown }, shown.form);
}
