// What every script of the page for asking shares: words, elements, addresses.
import { beneath } from "./addresses.js";
export { element } from "./elements.js";
export const words = JSON.parse(document.getElementById("words").textContent);

const DECK = /\.(pptx|pptm|potx|potm|ppsx|ppt|pps|odp)$/i;
// Where in a document: slides are called slides.
export function pageOf(item) {
  if (!item.page) return null;
  return `${DECK.test(item.document) ? words.slide : words.page} ${item.page}`;
}

export function where(item) {
  const parts = [item.source, item.document];
  if (item.section) parts.push(item.section);
  if (item.page) parts.push(pageOf(item));
  return parts.join(" › ");
}

// A date as exact as it is known; it is the beginning of its month, quarter or year.
export function dateOf(moment, precision) {
  if (!moment) return null;
  const date = new Date(moment * 1000);
  const year = String(date.getUTCFullYear());
  if (precision === "year") return year;
  if (precision === "quarter") return `Q${Math.floor(date.getUTCMonth() / 3) + 1} ${year}`;
  const parts = precision === "month" ? { month: "long", year: "numeric" } : { dateStyle: "medium" };
  return date.toLocaleDateString(document.documentElement.lang, { ...parts, timeZone: "UTC" });
}

// What an edition is called: its year or version, else its date.
export function editionOf(one) {
  return one.called_by ? dateOf(one.called_by.date, one.called_by.precision) : one.label;
}

// A language's name in that of the page: "German" for "de".
export function languageName(code) {
  try {
    return new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(code);
  } catch {
    return code;
  }
}

export function viewerAddress(item, start, end) {
  const query = new URLSearchParams({ passage: item.passage_id });
  if (start !== undefined) { query.set("start", start); query.set("end", end); }
  if (item.page) query.set("page", item.page);
  return beneath(`/documents/${item.document_id}?${query}`);
}

export async function send(method, address, body) {
  const response = await fetch(beneath(address), {
    method,
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (response.status === 204) return null;
  const value = await response.json();
  if (!response.ok) throw Object.assign(new Error(value.error.message), { status: response.status });
  return value;
}
