// What a hit shows of its passage: from the sentence that has most of the question, or that is named; words marked.
import { element, words } from "./parts.js";

const LONGEST = 420, STEM_LETTERS = 5;
// Characters of more than two of the three lines that are shown, and of less than all three: with fewer a line would
// be empty, with more the end of a passage would be hidden.
const least = () => Math.min(200, innerWidth * 0.3);
const isShort = (text) => text.trim().length <= least() * 1.1;
const BORDER = /(?<=[.!?…])\s+(?=\p{Lu}|\d|["“„«(])|\n+/gu;
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

// The sentences and lines of a text, each with the character at which it begins.
function sentences(text) {
  const starts = [0, ...[...text.matchAll(BORDER)].map((found) => found.index + found[0].length)];
  return starts.map((start, n) => ({ start, said: text.slice(start, starts[n + 1]) }));
}

// How much of the question a sentence or row has.
function worth(text, asked) {
  const there = stems(text);
  return [...asked].reduce((sum, word) => sum + (has(there, word) ? word.length : 0), 0);
}

// The server counts characters; here those beyond the first 65,536 count as two.
export function units(text, characters) { return [...text].slice(0, characters).join("").length; }
function characters(text) { return [...text].length; }

// The row of a table that answers: at which characters of the passage it begins and ends. Nothing: it has no rows, or
// none does.
export function rowOf(text, question) {
  const lines = text.split("\n"), asked = stems(question);
  if (lines.filter((line) => line.includes(" | ")).length < 2) return [];
  const worths = lines.map((line) => (line.includes(" | ") ? worth(line, asked) : 0));
  const best = Math.max(...worths);
  if (!best) return [];
  const at = worths.indexOf(best);
  const start = lines.slice(0, at).reduce((sum, line) => sum + characters(line) + 1, 0);
  return [start, start + characters(lines[at])];
}

// Whether the words decide where the excerpt begins: a sentence has a value that is asked for, or most of the words.
// They do, too, where the passage is shown from its beginning anyway.
export function isDecided(text, question, values = []) {
  if (isShort(text)) return true;
  const asked = stems(question);
  const shared = (said) => [...asked].filter((word) => has(stems(said), word)).length;
  return sentences(text).some(({ said }) =>
    shared(said) * 2 > asked.size || values.some((value) => said.includes(value)));
}

// The sentence that has most of the question's words and values; the first one where none has any.
function best(text, asked, values) {
  const met = (said) => values.filter((value) => said.includes(value)).join("").length;
  const all = sentences(text);
  const worths = all.map(({ said }) => worth(said, asked) + met(said));
  return all[worths.indexOf(Math.max(...worths))].start;
}

// Earlier, at a word, where too little would be left.
function filled(text, start) {
  if (isShort(text)) return 0;
  const latest = Math.floor(text.trimEnd().length - least());
  return start <= latest ? start : Math.max(text.lastIndexOf(" ", latest), text.lastIndexOf("\n", latest)) + 1;
}

// What stands in a text: its values that were asked for, whole, and its words.
function pieces(values) {
  if (!values.length) return WORD;
  const escaped = values.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(?<![\\p{L}\\d])(?:${escaped.join("|")})(?![\\p{L}\\d])|${WORD.source}`, "gu");
}

// ``values`` are dates and sums that the question has otherwise, as the text writes them; ``start`` is where the
// sentence begins that answers, if that is known.
export function marked(text, question, values = [], start = null) {
  const asked = stems(question);
  const at = filled(text, start ?? best(text, asked, values));
  const lines = text.slice(at).split("\n").map((line) => line.trim()).filter(Boolean);
  const shown = (at ? "… " : "") + lines.join(" ").slice(0, LONGEST);
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
