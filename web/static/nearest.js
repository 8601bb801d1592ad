// Excerpts that a question's words do not decide begin at the sentence nearest in meaning: the server knows which.
import { beneath } from "./addresses.js";
import { isDecided, marked, units } from "./excerpt.js";

const AT_ONCE = 10;
const known = { question: "", places: new Map() };
let moving = null;

// ``excerpts`` are hits, each with the paragraph that shows it. Where the server does not answer they stay as they are.
export async function showNearest(excerpts, question) {
  moving?.abort();
  const { signal } = moving = new AbortController();
  if (known.question !== question) Object.assign(known, { question, places: new Map() });
  const open = excerpts.filter(({ hit }) => !isDecided(hit.text, question, hit.shown?.marks));
  for (let at = 0; at < open.length; at += AT_ONCE) {
    const some = open.slice(at, at + AT_ONCE);
    const places = await placesOf(some.map(({ hit }) => hit.passage_id), question, signal).catch(() => null);
    if (!places || signal.aborted) return;
    some.forEach((one) => move(one, question, places.get(one.hit.passage_id)));
  }
}

// Of passages, by id, where the sentence begins and ends; those that are known are not asked for again.
async function placesOf(ids, question, signal) {
  const { places } = known, unknown = ids.filter((id) => !places.has(id));
  if (!unknown.length) return places;
  const query = new URLSearchParams([["q", question], ...unknown.map((id) => ["passage", id])]);
  const response = await fetch(beneath(`/nearest?${query}`), { signal, headers: { Accept: "application/json" } });
  if (!response.ok) return null;
  const found = (await response.json()).places;
  unknown.forEach((id, n) => places.set(id, found[n]));
  return places;
}

// The paragraph stays, and so does its height: only its words change.
function move({ hit, paragraph }, question, place) {
  if (!place) return;
  const start = units(hit.text, place[0]);
  paragraph.replaceChildren(...marked(hit.text, question, hit.shown?.marks, start).childNodes);
}
