// An answer with its markers, its sources, and what its reader thinks of it.
import { element, send, viewerAddress, where, words } from "./parts.js";

const $ = (id) => document.getElementById(id);
let onOpen = () => {};
export function whenOpened(act) { onOpen = act; }

export function open(event) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  onOpen(event.currentTarget);
}

function quote(citation) { return citation.quote.replace(/\s+/g, " "); }

function showCard(link, citation) {
  const box = $("card");
  box.replaceChildren(element("p", { class: "where" }, where(citation)), element("mark", {}, quote(citation)));
  box.hidden = false;
  const at = link.getBoundingClientRect();
  const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - 16);
  const below = at.bottom + 8 + box.offsetHeight < innerHeight;
  box.style.left = `${Math.max(16, left) + scrollX}px`;
  box.style.top = `${(below ? at.bottom + 8 : at.top - box.offsetHeight - 8) + scrollY}px`;
}

function marker(citation) {
  const href = viewerAddress(citation, citation.start, citation.end);
  const link = element("a", { class: "cite", href, "aria-describedby": "card" }, String(citation.n));
  for (const begin of ["mouseenter", "focus"]) link.addEventListener(begin, () => showCard(link, citation));
  for (const end of ["mouseleave", "blur"]) link.addEventListener(end, () => { $("card").hidden = true; });
  link.addEventListener("click", open);
  return link;
}

export function sentencesOf(answer) {
  const byNumber = new Map(answer.citations.map((c) => [c.n, c]));
  const paragraphs = answer.mode === "quotes" ? answer.sentences.map((s) => [s]) : [answer.sentences];
  return paragraphs.filter((p) => p.length).map((sentences) => {
    const paragraph = element("p");
    for (const sentence of sentences) {
      const shown = sentence.supported
        ? { class: "sentence" }
        : { class: "sentence unsupported", title: words.unsupported, tabindex: "0" };
      const markers = sentence.citations.map((n) => marker(byNumber.get(n)));
      paragraph.append(element("span", shown, sentence.text), ...markers, " ");
    }
    return paragraph;
  });
}

// Two buttons, of which one may be pressed; pressing it again takes it back.
function thumbs(answer, citation, labels) {
  const buttons = ["good", "bad"].map((verdict) => {
    const label = labels[verdict];
    const button = element("button",
      { type: "button", class: "thumb", "aria-pressed": "false", "aria-label": label, title: label },
      verdict === "good" ? "▲" : "▼");
    button.addEventListener("click", async () => {
      const now = button.getAttribute("aria-pressed") === "true" ? "none" : verdict;
      try { await send("POST", `/api/v1/answers/${answer.id}/feedback`, { verdict: now, citation, comment: "" }); }
      catch (error) { return failed(error.message); }
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button && now !== "none"));
      if (citation === 0) $("comment").hidden = now !== "bad";
    });
    return button;
  });
  return element("span", { class: "thumbs" }, ...buttons);
}

function sources(answer) {
  return answer.citations.map((citation) => element("li", {},
    marker(citation), " ",
    element("span", { class: "where" }, where(citation)), " ",
    thumbs(answer, citation.n, { good: words.citation_good, bad: words.citation_bad })));
}

// Who wrote an answer, and in what time; empty where nobody wrote one.
function byline(answer) {
  if (answer.model) return `${answer.model} · ${answer.seconds.toFixed(1)} ${words.seconds}`;
  return answer.mode === "quotes" ? words.quotes : "";
}

export function showAnswer(answer) {
  $("prose").replaceChildren(...sentencesOf(answer));
  notice(answer.notice);
  const by = byline(answer);
  $("meta").replaceChildren(...(by ? [by, " · "] : []), element("a", { href: `/answers/${answer.id}` }, words.receipt));
  $("sources").hidden = !answer.citations.length;
  $("source-list").replaceChildren(...sources(answer));
  $("verdict").replaceChildren(thumbs(answer, 0, { good: words.answer_good, bad: words.answer_bad }));
  $("comment").hidden = true;
  $("comment").onsubmit = async (event) => {
    event.preventDefault();
    const opinion = { verdict: "bad", citation: 0, comment: $("comment-text").value };
    await send("POST", `/api/v1/answers/${answer.id}/feedback`, opinion);
    $("comment").hidden = true;
    $("meta").append(` · ${words.thanks}`);
  };
  $("copy").hidden = !answer.sentences.length;
  $("copy").onclick = async () => {
    const listed = answer.citations.map((c) => `[${c.n}] ${where(c)}: “${quote(c)}”`);
    await navigator.clipboard.writeText(`${answer.answer}\n\n${words.sources}\n${listed.join("\n")}`);
    $("copy").textContent = words.copied;
  };
  $("follow").hidden = false;
}

export function notice(given) {
  $("notice").hidden = !given;
  $("notice").className = "banner";
  if (!given) return;
  $("notice").replaceChildren(given.message);
  if (["no_model", "model_unavailable", "model_missing"].includes(given.code)) {
    $("notice").append(element("details", {}, element("summary", {}, words.connect), words.connect_steps));
  }
}

export function failed(message, again) {
  $("notice").hidden = false;
  $("notice").className = "banner bad";
  $("notice").replaceChildren(`${words.failed} ${message} `);
  if (!again) return;
  const button = element("button", { class: "button", type: "button" }, words.retry);
  button.addEventListener("click", again);
  $("notice").append(button);
}

// «This is the right passage»: the organisation's own questions for evaluations.
export function rightPassage(question, passageId) {
  const button = element("button", { type: "button", class: "quiet right", "aria-pressed": "false" }, words.right);
  button.addEventListener("click", async () => {
    const right = button.getAttribute("aria-pressed") !== "true";
    try { await send("POST", "/api/v1/questions", { question, passage_id: passageId, right }); }
    catch (error) { return failed(error.message); }
    button.setAttribute("aria-pressed", String(right));
    button.textContent = right ? words.right_kept : words.right;
  });
  return button;
}
