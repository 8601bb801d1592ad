// Of a passage what a hit shows of it: from the sentence that has most of the question, its words marked.
import { element, words } from "./parts.js";

const LONGEST = 420, LEAST = 200, STEM_LETTERS = 5;
const WORD = /\d+(?:[.,:/]\d+)*|[\p{L}\p{M}]+/gu;
const empty = new Set(words.function_words);

// As the server finds words (kb/text/words.py): without accents, cut where inflection begins.
function stem(word) {
  const folded = word.toLocaleLowerCase().normalize("NFKD").replace(/\p{M}/gu, "");
  return /^\d/.test(folded) ? folded : folded.slice(0, STEM_LETTERS);
}

// The same word, as far as one can say without a grammar: "open" is in "opens".
function has(asked, word) {
  const begins = (one, other) => one.length > 3 && !/\d/.test(one) && other.startsWith(one);
  return asked.has(word) || [...asked].some((one) => begins(one, word) || begins(word, one));
}

// The words that carry meaning; "how", "does" and "the" do not.
function content(text) {
  const plain = [...text.matchAll(WORD)].map(([word]) => word.toLocaleLowerCase());
  return plain.filter((word) => !empty.has(word) && (word.length > 1 || /\d/.test(word)));
}

function stems(text) { return new Set(content(text).map(stem)); }

function sentences(text) { return text.split(/(?<=[.!?…])\s+(?=\p{Lu}|\d|["“„«(])|\n+/u).filter((one) => one.trim()); }

// How much of the question a sentence or row has.
function worth(text, asked) {
  const there = stems(text);
  return [...asked].reduce((sum, word) => sum + (has(there, word) ? word.length : 0), 0);
}

// The row of a table that answers: where it begins and ends in the passage. Nothing: it has no rows, or none does.
export function rowOf(text, question) {
  const lines = text.split("\n"), asked = stems(question);
  if (lines.filter((line) => line.includes(" | ")).length < 2) return [];
  const worths = lines.map((line) => (line.includes(" | ") ? worth(line, asked) : 0));
  const best = Math.max(...worths);
  if (!best) return [];
  const at = worths.indexOf(best);
  const start = lines.slice(0, at).reduce((sum, line) => sum + line.length + 1, 0);
  return [start, start + lines[at].length];
}

// Where the excerpt begins: at the best sentence, or earlier, where little would be left after it.
function begin(all, asked, values) {
  const met = (one) => values.filter((value) => one.includes(value)).join("").length;
  const worths = all.map((one) => worth(one, asked) + met(one));
  const best = Math.max(...worths);
  let at = best ? worths.indexOf(best) : 0;
  const left = (from) => all.slice(from).join(" ").length;
  while (at > 0 && left(at) < LEAST) at -= 1;
  return at;
}

// What stands in a text: its values that were asked for, whole, and its words.
function pieces(values) {
  if (!values.length) return WORD;
  const escaped = values.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(?<![\\p{L}\\d])(?:${escaped.join("|")})(?![\\p{L}\\d])|${WORD.source}`, "gu");
}

// ``values`` are dates and sums that the question has otherwise, as the text writes them.
export function marked(text, question, values = []) {
  const asked = stems(question);
  const all = sentences(text);
  const at = begin(all, asked, values);
  const shown = (at ? "… " : "") + all.slice(at).join(" ").slice(0, LONGEST);
  const paragraph = element("p", { class: "text" });
  let end = 0;
  for (const found of shown.matchAll(pieces(values))) {
    paragraph.append(shown.slice(end, found.index));
    const is = values.includes(found[0]) || (content(found[0]).length && has(asked, stem(found[0])));
    paragraph.append(is ? element("b", {}, found[0]) : found[0]);
    end = found.index + found[0].length;
  }
  paragraph.append(shown.slice(end));
  return paragraph;
}
