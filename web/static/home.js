// Ask and search: passages at once, the answer above them while it comes.
const $ = (id) => document.getElementById(id);
const words = JSON.parse($("words").textContent);
const results = document.querySelector(".results");
let asking = null;
let shown = 10;

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") made.className = value; else made.setAttribute(name, value);
  }
  made.append(...children.filter((c) => c !== null && c !== undefined));
  return made;
}

function where(item) {
  const parts = [item.source, item.document];
  if (item.section) parts.push(item.section);
  if (item.page) parts.push(`${words.page} ${item.page}`);
  return parts.join(" › ");
}

function viewerAddress(item, start, end) {
  const query = new URLSearchParams({ passage: item.passage_id });
  if (start !== undefined) { query.set("start", start); query.set("end", end); }
  if (item.page) query.set("page", item.page);
  return `/documents/${item.document_id}?${query}`;
}

// --- the list of passages ---------------------------------------------------------------------

function terms(question) {
  return question.toLocaleLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? [];
}

function marked(text, question) {
  const stems = terms(question).map((t) => t.slice(0, Math.max(4, t.length - 2)));
  const first = text.search(new RegExp(stems.map((s) => s.replace(/[^\p{L}\p{N}]/gu, "")).join("|") || "^", "iu"));
  const from = first > 160 ? text.indexOf(" ", first - 120) + 1 : 0;
  const pieces = (from ? "… " : "") + text.slice(from, from + 420);
  const paragraph = element("p", { class: "text" });
  for (const piece of pieces.split(/([\p{L}\p{N}]+)/u)) {
    const lower = piece.toLocaleLowerCase();
    const hit = stems.some((s) => s.length > 3 && lower.startsWith(s)) || (piece.length < 5 && terms(question).includes(lower) && /\d/.test(piece));
    paragraph.append(hit ? element("b", {}, piece) : piece);
  }
  return paragraph;
}

function hitEntry(hits, question) {
  const [first, ...rest] = hits;
  const kind = first.document.split(".").pop().slice(0, 5);
  const link = element("a", { class: "title", href: viewerAddress(first) }, first.title);
  link.addEventListener("click", open);
  const entry = element("li", {},
    element("div", {}, element("span", { class: "kind", "aria-hidden": "true" }, kind), link),
    element("p", { class: "where" }, where(first) + (first.copies > 1 ? ` (${words.copies} ${first.copies - 1})` : "")),
    marked(first.text, question));
  if (rest.length) {
    const list = element("div");
    for (const other of rest) {
      const more = element("a", { href: viewerAddress(other) }, [other.section, other.page ? `${words.page} ${other.page}` : null].filter(Boolean).join(", ") || other.text.slice(0, 60));
      more.addEventListener("click", open);
      list.append(element("p", { class: "where" }, more), marked(other.text, question));
    }
    entry.append(element("details", {}, element("summary", {}, `+ ${rest.length}`), list));
  }
  return entry;
}

function showHits(hits, question) {
  const byDocument = new Map();
  for (const hit of hits) byDocument.set(hit.document_id, [...(byDocument.get(hit.document_id) ?? []), hit]);
  $("hits").replaceChildren(...[...byDocument.values()].map((group) => hitEntry(group, question)));
  if (!hits.length) $("hits").replaceChildren(element("li", {}, words.nothing));
  $("more").hidden = hits.length < shown || shown >= 100;
}

async function search(question, limit) {
  const response = await fetch(`/api/v1/search?${new URLSearchParams({ q: question, limit })}`);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error.message);
  return body.hits;
}

// --- the answer -------------------------------------------------------------------------------

function card(citation) {
  return [element("p", { class: "where" }, where(citation)), element("mark", {}, citation.quote.replace(/\s+/g, " "))];
}

function showCard(link, citation) {
  const box = $("card");
  box.replaceChildren(...card(citation));
  box.hidden = false;
  const at = link.getBoundingClientRect();
  const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 16);
  const below = at.bottom + 8 + box.offsetHeight < innerHeight;
  box.style.left = `${Math.max(16, left) + scrollX}px`;
  box.style.top = `${(below ? at.bottom + 8 : at.top - box.offsetHeight - 8) + scrollY}px`;
}

function marker(citation) {
  const link = element("a", { class: "cite", href: viewerAddress(citation, citation.start, citation.end), "aria-describedby": "card" }, String(citation.n));
  for (const begin of ["mouseenter", "focus"]) link.addEventListener(begin, () => showCard(link, citation));
  for (const end of ["mouseleave", "blur"]) link.addEventListener(end, () => { $("card").hidden = true; });
  link.addEventListener("click", open);
  return link;
}

function showAnswer(answer) {
  const byNumber = new Map(answer.citations.map((c) => [c.n, c]));
  const paragraphs = answer.mode === "quotes" ? answer.sentences.map((s) => [s]) : [answer.sentences];
  $("prose").replaceChildren(...paragraphs.filter((p) => p.length).map((sentences) => {
    const paragraph = element("p");
    for (const sentence of sentences) {
      paragraph.append(
        element("span", { class: sentence.supported ? "sentence" : "sentence unsupported", title: sentence.supported ? null : words.unsupported, tabindex: sentence.supported ? null : "0" }, sentence.text),
        ...sentence.citations.map((n) => marker(byNumber.get(n))), " ");
    }
    return paragraph;
  }));
  notice(answer.notice);
  const by = answer.model ? `${answer.model} · ${answer.seconds.toFixed(1)} ${words.seconds}` : answer.mode === "quotes" ? words.quotes : "";
  $("meta").textContent = by;
  $("copy").hidden = !answer.sentences.length;
  $("copy").onclick = async () => {
    const sources = answer.citations.map((c) => `[${c.n}] ${where(c)}: “${c.quote.replace(/\s+/g, " ")}”`);
    await navigator.clipboard.writeText(`${answer.answer}\n\n${words.sources}\n${sources.join("\n")}`);
    $("copy").textContent = words.copied;
  };
}

function notice(given) {
  $("notice").hidden = !given;
  $("notice").className = "banner";
  if (!given) return;
  $("notice").replaceChildren(given.message);
  if (["no_model", "model_unavailable", "model_missing"].includes(given.code)) {
    $("notice").append(element("details", {}, element("summary", {}, words.connect), words.connect_steps));
  }
}

function failed(message) {
  const again = element("button", { class: "button", type: "button" }, words.retry);
  again.addEventListener("click", () => ask($("q").value));
  $("notice").hidden = false;
  $("notice").className = "banner bad";
  $("notice").replaceChildren(`${words.failed} ${message} `, again);
}

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
      yield [name.replace("event: ", ""), JSON.parse(data.replace("data: ", ""))];
    }
  }
}

async function stream(question, signal) {
  const response = await fetch("/api/v1/ask", {
    method: "POST", signal,
    headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
    body: JSON.stringify({ question, conversation: null }),
  });
  if (!response.ok) throw new Error((await response.json()).error.message);
  let text = "", finished = false;
  for await (const [name, value] of events(response)) {
    if (name === "token") {
      text += value.text;
      $("prose").replaceChildren(element("p", { class: "streaming" }, text));
    } else if (name === "done") { finished = true; showAnswer(value); }
    else if (name === "error") throw new Error(value.error.message);
  }
  if (!finished) throw new Error(words.incomplete);
}

async function ask(question) {
  asking?.abort();
  const mine = asking = new AbortController();
  shown = 10;
  document.body.classList.remove("first");
  document.querySelector(".ask h1")?.remove();
  document.title = `${question} – Commonplace`;
  results.hidden = false;
  const withAnswer = document.querySelector("input[name=mode]:checked").value === "answer";
  $("answer").hidden = !withAnswer;
  $("notice").hidden = true;
  $("prose").replaceChildren();
  $("meta").textContent = withAnswer ? words.answering : "";
  $("copy").hidden = true;
  $("answer").setAttribute("aria-busy", "true");
  $("stop").hidden = !withAnswer;
  const passages = search(question, shown).then(
    (hits) => { if (mine === asking) showHits(hits, question); },
    (error) => { $("answer").hidden = false; failed(error.message); });
  try {
    if (withAnswer) await stream(question, mine.signal);
  } catch (error) {
    if (mine !== asking) return;
    $("meta").textContent = "";
    if (error.name === "AbortError") $("meta").textContent = words.stopped; else failed(error.message);
  } finally {
    if (mine === asking) { $("answer").setAttribute("aria-busy", "false"); $("stop").hidden = true; }
  }
  await passages;
}

// --- the viewer beside the answer ---------------------------------------------------------------

let opener = null;
function open(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const link = event.currentTarget;
  opener = link;
  show(link.getAttribute("href"));
  for (const other of document.querySelectorAll(".cite[aria-current]")) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  const address = new URL(location.href);
  address.searchParams.set("open", link.getAttribute("href"));
  history.replaceState(null, "", address);
}
function show(address) {
  if (!/^\/documents\/\d+(\?|$)/.test(address)) return;
  $("card").hidden = true;
  $("panel-open").href = address;
  $("viewer").src = address + (address.includes("?") ? "&" : "?") + "embed=true";
  $("panel").hidden = false;
}
function close() {
  if ($("panel").hidden) return;
  $("panel").hidden = true;
  $("viewer").removeAttribute("src");
  const address = new URL(location.href);
  address.searchParams.delete("open");
  history.replaceState(null, "", address);
  opener?.focus();
}
$("panel-close").addEventListener("click", close);
addEventListener("message", (event) => { if (event.origin === location.origin && event.data === "close") close(); });
addEventListener("keydown", (event) => { if (event.key === "Escape") { $("card").hidden = true; close(); } });

// --- the box --------------------------------------------------------------------------------------

$("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("q").value.trim();
  if (!question) return $("q").focus();
  history.pushState(null, "", `/?${new URLSearchParams({ q: question })}`);
  close();
  ask(question);
});
$("stop").addEventListener("click", () => asking?.abort());
$("more").addEventListener("click", async () => {
  shown = Math.min(100, shown + 20);
  const question = $("q").value.trim();
  showHits(await search(question, shown), question);
});
let waiting = null;
$("q").addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    const response = await fetch(`/api/v1/suggest?${new URLSearchParams({ q: $("q").value })}`);
    if (!response.ok) return;
    const { questions, titles } = await response.json();
    $("suggestions").replaceChildren(...[...questions, ...titles].map((value) => element("option", { value })));
  }, 200);
});
for (const radio of document.querySelectorAll("input[name=mode]")) {
  radio.checked = radio.value === (localStorage.getItem("mode") ?? "answer");
  radio.addEventListener("change", () => {
    localStorage.setItem("mode", radio.value);
    if (!results.hidden) ask($("q").value.trim());
  });
}
function fromAddress() {
  const query = new URL(location.href).searchParams;
  const question = (query.get("q") ?? "").trim();
  $("q").value = question;
  if (question) ask(question);
  if (query.get("open")) show(query.get("open"));
}
addEventListener("popstate", fromAddress);
fromAddress();
