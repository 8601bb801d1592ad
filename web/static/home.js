// Ask and search: passages at once, the answer above them while it comes.
import { beneath } from "./addresses.js";
import { editionOf, element, pageOf, send, viewerAddress, where, words } from "./parts.js";
import { marked, rowOf } from "./excerpt.js";
import { showNearest } from "./nearest.js";
import { lookAtReading, nothing, standing } from "./box.js";
import { beginAnswer, failed, rightPassage, showAnswer, showForm, whenGoneOn } from "./answer.js";
import { open } from "./cards.js";
import { close, show } from "./panel.js";
import { readThread, showThread, thread, whenAgain, whenChanging } from "./thread.js";
import { asWords, fromAddress as filtersFromAddress, keepIn, parameters, showFilters, whenChanged } from "./filters.js";
import { pinButton, showPinned, showShelf } from "./shelf.js";

const $ = (id) => document.getElementById(id);
const results = document.querySelector(".results");
let asking = null;
let shown = 10;
let conversation = null;
let searched = "";  // the question as it was searched for: a follow-up is written out

// --- the list of passages ---------------------------------------------------------------------

function copies(hit) { return hit.copies > 1 ? ` (${words.copies} ${hit.copies - 1})` : ""; }

function edition(hit) { return hit.shown?.edition ? ` · ${editionOf(hit.shown)}` : ""; }

// The same passage in other editions of its document, beneath the one that is shown.
function otherEditions(editions, question) {
  if (!editions.length) return null;
  const list = element("div");
  for (const one of editions) {
    const link = element("a", { href: viewerAddress(one) }, `${editionOf(one)} · ${one.document}`);
    link.addEventListener("click", open);
    const place = element("p", { class: "where" }, link);
    list.append(element("div", { class: "other" }, place, marked(one.text, question)));
  }
  const labels = (some) => some.map(editionOf).join(", ");
  const said = (name, some) => (some.length ? `${name}: ${labels(some)}` : null);
  const newer = said(words.newer_editions, editions.filter((one) => one.newer));
  const earlier = said(words.earlier_editions, editions.filter((one) => !one.newer));
  const told = [newer, earlier].filter(Boolean).join(" · ");
  return element("details", { class: "editions" }, element("summary", {}, told), list);
}

function excerptOf(hit, question, excerpts) {
  const paragraph = marked(hit.text, question, hit.shown?.marks);
  excerpts.push({ hit, paragraph });
  return paragraph;
}

function hitEntry(hits, question, excerpts) {
  const [first, ...rest] = hits;
  const kind = first.document.split(".").pop().slice(0, 5);
  const href = viewerAddress(first, ...rowOf(first.text, question));
  const link = element("a", { class: "title", href }, first.title);
  link.addEventListener("click", open);
  const entry = element("li", {},
    element("div", {}, element("span", { class: "kind", "aria-hidden": "true" }, kind), link),
    element("p", { class: "where" }, where(first) + edition(first) + copies(first)),
    excerptOf(first, question, excerpts),
    otherEditions(first.shown?.editions ?? [], question),
    element("div", { class: "tools-of" }, rightPassage(question, first.passage_id), pinButton(question, first)));
  if (rest.length) {
    const list = element("div");
    for (const other of rest) {
      const page = pageOf(other);
      const place = [other.section, page].filter(Boolean).join(", ") || other.text.slice(0, 60);
      const more = element("a", { href: viewerAddress(other, ...rowOf(other.text, question)) }, place);
      more.addEventListener("click", open);
      list.append(element("div", { class: "other" },
        element("p", { class: "where" }, more),
        excerptOf(other, question, excerpts),
        otherEditions(other.shown?.editions ?? [], question),
        element("div", { class: "tools-of" }, rightPassage(question, other.passage_id))));
    }
    entry.append(element("details", {}, element("summary", {}, `+ ${rest.length}`), list));
  }
  return entry;
}

function showHits(hits, question) {
  const byDocument = new Map(), excerpts = [];
  for (const hit of hits) byDocument.set(hit.document_id, [...(byDocument.get(hit.document_id) ?? []), hit]);
  $("hits").replaceChildren(...[...byDocument.values()].map((group) => hitEntry(group, question, excerpts)));
  showNearest(excerpts, question);
  if (!hits.length) $("hits").replaceChildren(element("li", { class: "empty" }, nothing()));
  $("more").hidden = hits.length < shown || shown >= 100;
}

async function search(question, limit) {
  const query = parameters();
  query.set("q", question);
  query.set("limit", limit);
  query.set("shown", "true");
  const response = await fetch(beneath(`/api/v1/search?${query}`));
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  return withShown(body);
}

// Hits with what this page shows of each beside what everybody gets.
function withShown(body) { return body.hits.map((hit, at) => ({ ...hit, shown: body.shown?.[at] })); }

// --- the answer -------------------------------------------------------------------------------

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    buffer += value;
    let end;
    while ((end = buffer.indexOf("\n\n")) >= 0) {
      const [name, data] = buffer.slice(0, end).split("\n");
      buffer = buffer.slice(end + 2);
      if (name.startsWith(":")) continue;  // it is still being worked on
      yield [name.replace("event: ", ""), JSON.parse(data.replace("data: ", ""))];
    }
  }
}

// What is being written: by which word it is stopped, and whether there is something to keep.
let about = null;  // the document that is to be summarised
const writing = { word: "", text: "", isStopped: false };

async function stream(question, signal, { goesOn = null, anew = null }) {
  Object.assign(writing, { word: stopWord(), text: "", isStopped: false });
  const response = await fetch(beneath("/api/v1/ask"), {
    method: "POST", signal,
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({
      question: question + (about ? "" : asWords()), conversation, goes_on: goesOn, anew, about,
      stop: writing.word, form: true,
    }),
  });
  if (!response.ok) throw new Error((await response.json()).error.message);
  let finished = false, shownAs = null;
  const following = thread.turns.length > 0 || about !== null;
  for await (const [name, value] of events(response)) {
    if (name === "thinking") { writing.text = ""; thinking(value.seconds); }
    else if (name === "token") {
      if (!writing.text) wrote();
      writing.text += value.text;
    } else if (name === "form") showForm(value);
    else if (name === "shown") shownAs = value;
    else if (name === "passages") { if (following) showHits(withShown(value), question); }
    else if (name === "done") { finished = true; finish(value, shownAs); }
    else if (name === "error") throw new Error(value.error.message);
  }
  if (!finished) throw writing.isStopped ? new DOMException("", "AbortError") : new Error(words.incomplete);
}

function stopWord() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((n) => n.toString(16).padStart(2, "0")).join("");
}

// What was written is kept by the server; where it cannot be, it stays on the page at least.
async function stop() {
  writing.isStopped = true;
  if (!writing.text) return asking?.abort();
  try { await send("POST", "/api/v1/ask/stop", { stop: writing.word }); }
  catch { asking?.abort(); }
}

// "Thinking … 12 s": counted here between two words of the server's, and heard once only.
let clock = 0;
function thinking(seconds) {
  wrote();
  const begun = Date.now() - seconds * 1000;
  const counter = element("span", { role: "timer", "aria-live": "off" });
  const tell = () => { counter.textContent = ` ${Math.round((Date.now() - begun) / 1000)} ${words.seconds}`; };
  tell();
  clock = setInterval(tell, 1000);
  $("prose").replaceChildren();
  $("meta").replaceChildren(words.thinking, counter);
}
function wrote() { clearInterval(clock); $("meta").textContent = words.answering; }

// The address names the answer from now on: reload and back show it, and ask nothing again.
function finish(answer, shownAs) {
  showAnswer(answer, shownAs);
  if ((answer.notice?.code ?? "").startsWith("pinned")) {  // it is the answer, and not said twice
    pinned.then(() => $("pinned").replaceChildren());
  }
  if (thread.turns.length) learn(answer.id).catch(() => {});  // its passages stand there already
  conversation = answer.conversation;
  current = { id: answer.id, question: asked, answer, shown: shownAs };
  const address = new URL(location.href);
  address.searchParams.set("a", answer.id);
  address.searchParams.set("c", answer.conversation);
  address.searchParams.delete("about");
  about = null;
  history.replaceState(null, "", address);
}
let current = null;
let asked = "";  // the question as it was put
let pinned = Promise.resolve();

async function learn(id) {
  const receipt = await send("GET", `/api/v1/answers/${encodeURIComponent(id)}/receipt`);
  if (receipt.asked_as === searched && $("hits").childElementCount) return;
  searched = receipt.asked_as;
  showHits(await search(searched, shown), searched);
}

async function revisit(question, id) {
  begin(question);
  $("answer").hidden = false;
  try {
    const kept = await send("GET", `/api/v1/answers/${encodeURIComponent(id)}/receipt`);
    if (kept.conversation) await readThread(kept.conversation, id);
    if (!kept.answer) throw new Error(words.withheld);
    finish(kept.answer, kept.shown);
    if (!thread.turns.length) showHits(await search(question, shown), question);
  } catch (error) {
    if (error.status === 404) return askMyself(question);
    failed(error.message, () => ask(question));
  }
  return idle();
}

// The address names somebody else's answer, or one that is gone: the question is asked.
function askMyself(question) {
  const address = new URL(location.href);
  for (const key of ["a", "c"]) address.searchParams.delete(key);
  history.replaceState(null, "", address);
  conversation = null;
  showThread([]);
  return ask(question);
}

// A conversation is opened: its last answer is there, those before stand above, and it goes on.
async function resume(number) {
  let turns;
  try { turns = await readThread(number, null); }
  catch (error) {
    if (error.status === 404) return location.replace(beneath(`/conversations/${encodeURIComponent(number)}`));
    begin("");
    $("answer").hidden = false;
    failed(error.message, () => resume(number));
    return idle();
  }
  const last = turns.at(-1);
  if (last?.answer) showThread(turns.slice(0, -1));
  begin(last?.question ?? "");
  conversation = number;
  $("answer").hidden = !last?.answer;
  $("passages").hidden = !last;
  if (last?.answer) {
    showAnswer(last.answer, last.shown);
    current = last;
  }
  idle();
  $("further").focus({ preventScroll: true });
  $("follow").scrollIntoView({ block: "nearest" });
  if (last) await learn(last.id);
}

function idle() {
  clearInterval(clock);
  $("answer").setAttribute("aria-busy", "false");
  $("stop").hidden = true;
  const isAnswered = !$("answer").hidden || thread.turns.length > 0;
  $("follow").hidden = !isAnswered;
  for (const id of ["again", "change"]) $(id).hidden = !current;
  $("talk").hidden = !conversation;
  if (!conversation) return;
  const here = encodeURIComponent(conversation);
  $("talk-read").href = beneath(`/conversations/${here}`);
  $("talk-share").href = beneath(`/conversations?share=${here}`);
}

function begin(question) {
  searched = asked = question;
  showNearest([], question);  // nobody waits any more for what was shown before
  shown = 10;
  document.body.classList.remove("first");
  document.querySelector(".ask h1").className = "hidden";
  document.title = question ? `${question} – Commonplace` : "Commonplace";
  results.hidden = false;
  $("passages").hidden = false;
  leaveChange();
  $("shelf").hidden = true;
  $("save").hidden = false;
  $("save").disabled = false;
  $("save").textContent = words.save;
  $("pinned").replaceChildren();
  showFilters(question).catch(() => {});  // the search says that the server is away
  if (!thread.turns.length) pinned = showPinned(question).catch(() => {});
  $("asked").textContent = question;
  beginAnswer();
}

async function ask(question, { goesOn = null, anew = null } = {}) {
  asking?.abort();
  const mine = asking = new AbortController();
  begin(question);
  if (!standing.documents) await lookAtReading().catch(() => {});  // what was known is said then
  if (mine !== asking) return;
  const withAnswer = standing.documents && document.querySelector("input[name=mode]:checked").value === "answer";
  $("answer").hidden = !withAnswer;
  $("meta").textContent = withAnswer ? words.answering : "";
  $("stop").hidden = !withAnswer;
  const passages = withAnswer && (thread.turns.length || about) ? null : search(question, shown).then(
    (hits) => { if (mine === asking) showHits(hits, question); },
    (error) => {
      if (mine !== asking) return;
      $("hits").replaceChildren();  // they were found for the question before
      $("answer").hidden = false;
      failed(error.message, () => ask(question));
    });
  try {
    if (withAnswer) await stream(question, mine.signal, { goesOn, anew });
  } catch (error) {
    if (mine !== asking) return;
    $("meta").textContent = "";
    if (error.name === "AbortError") $("meta").textContent = words.stopped;
    else failed(error.message, () => ask(question));
  } finally {
    if (mine === asking) idle();
  }
  await passages;
}

// An answer that was cut is written to its end: what comes takes its place.
whenGoneOn(() => { if (current) ask(current.question, { goesOn: current.id }); });

// The focus goes to what was asked for, so that its keys work at once.
function toResults() { ($("answer").hidden ? $("passages") : $("answer")).focus({ preventScroll: true }); }

// On a narrow page the answer comes first, and its sources after it.
const narrow = matchMedia("(max-width: 600px)");
function placeSources() { if (narrow.matches) $("meta").before($("sources")); else $("prose").before($("sources")); }
narrow.addEventListener("change", placeSources);
placeSources();

// --- the box --------------------------------------------------------------------------------------

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("q").value.trim();
  if (!question) return $("q").focus();
  conversation = about = null;
  current = null;
  showThread([]);
  history.pushState(null, "", keepIn(new URL(beneath(`/?${new URLSearchParams({ q: question })}`), location.href)));
  close();
  ask(question);
  toResults();
});
whenChanged(() => {
  const question = $("q").value.trim();
  const address = keepIn(new URL(location.href));
  for (const key of ["a", "c", "open"]) address.searchParams.delete(key);
  history.pushState(null, "", address);
  conversation = null;
  current = null;
  showThread([]);
  if (question) ask(question);
});
// A question within the conversation: what was just answered joins what stands above it.
function askWithin(question, anew = null) {
  if (current) showThread([...thread.turns, current]);
  current = null;
  $("further").value = "";
  $("q").value = question;
  const query = new URLSearchParams({ q: question });
  if (conversation) query.set("c", conversation);
  history.pushState(null, "", beneath(`/?${query}`));
  close();
  ask(question, { anew });
  toResults();
  $("asked").scrollIntoView({ block: "start" });
}
let changing = null;  // the turn whose question is being changed
function change(turn) {
  changing = turn;
  $("further").value = turn.question;
  $("changing").hidden = false;
  $("changing-what").textContent = turn.question;
  $("follow").hidden = false;
  $("further").focus();
  $("further").select();
}
function leaveChange() {
  if (changing) $("further").value = "";
  changing = null;
  $("changing").hidden = true;
}
$("follow").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("further").value.trim();
  if (!question) return $("further").focus();
  askWithin(question, changing?.id);
});
$("changing-end").addEventListener("click", () => { leaveChange(); $("further").focus(); });
whenAgain((turn) => askWithin(turn.question, turn.id));
whenChanging(change);
$("again").addEventListener("click", () => { if (current) askWithin(current.question, current.id); });
$("change").addEventListener("click", () => { if (current) change(current); });
$("stop").addEventListener("click", stop);
$("more").addEventListener("click", async () => {
  const before = $("hits").childElementCount;
  shown = Math.min(100, shown + 20);
  showHits(await search(searched, shown), searched);
  $("hits").children[before]?.querySelector("a.title")?.focus({ preventScroll: true });
});
let waiting = null;
$("q").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const response = await fetch(beneath(`/api/v1/suggest?${new URLSearchParams({ q: $("q").value })}`));
    if (!response.ok) return;
    const { questions, titles } = await response.json();
    $("suggestions").replaceChildren(...[...questions, ...titles].map((value) => element("option", { value })));
  }, 200);
});
for (const radio of document.querySelectorAll("input[name=mode]")) {
  radio.checked = radio.value === (localStorage.getItem("mode") ?? "answer");
  radio.addEventListener("change", () => {
    localStorage.setItem("mode", radio.value);
    if (results.hidden || !$("q").value.trim()) return;
    const address = new URL(location.href);  // an answer that it named is not what is wanted now
    address.searchParams.delete("a");
    history.replaceState(null, "", address);
    ask($("q").value.trim());
  });
}
// Nothing is asked: what might be, and what is kept, stand below the box.
function home() {
  asking?.abort();
  close();
  results.hidden = true;
  document.body.classList.add("first");
  document.querySelector(".ask h1").className = "";
  $("save").hidden = true;
  showShelf().catch(() => {});
}
async function fromAddress() {
  const query = new URL(location.href).searchParams;
  const question = (query.get("q") ?? "").trim();
  conversation = query.get("c");
  about = /^\d+$/.test(query.get("about") ?? "") ? Number(query.get("about")) : null;
  filtersFromAddress();
  current = null;
  $("q").value = question;
  showThread([]);
  if (query.get("open")) show(query.get("open"));
  if (question && query.get("a")) return revisit(question, query.get("a"));
  if (!question && conversation) return resume(conversation);
  if (!question) return home();
  if (conversation) await readThread(conversation, null).catch(() => { conversation = null; });
  return ask(question);
}
addEventListener("popstate", fromAddress);
fromAddress();
