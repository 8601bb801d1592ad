// An answer with its markers, its sources, and what its reader thinks of it.
import { beneath } from "./addresses.js";
import { quote, showSources } from "./cards.js";
import { copy } from "./clipboard.js";
import { blocks, rendered } from "./form.js";
import { element, send, where, words } from "./parts.js";

const $ = (id) => document.getElementById(id);

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

// What is being written, in its form: the blocks from ``first`` on are others now.
export function showForm({ first, blocks: given }) {
  const prose = $("prose");
  while (prose.childElementCount > first) prose.lastElementChild.remove();
  prose.append(...blocks({}, given));
  prose.classList.add("streaming");
}

export function beginAnswer() {
  for (const id of ["notice", "said", "copies", "again", "change", "follow", "sources", "comment"]) $(id).hidden = true;
  $("verdict").replaceChildren();
  $("prose").replaceChildren();
  $("prose").classList.remove("streaming");
  $("answer").setAttribute("aria-busy", "true");
}

// Copies, in plain text and as Markdown, with the sources as footnotes.
function copies(answer, shown) {
  const listed = shown.sources.map((source) => {
    const cited = source.citations.map((at) => answer.citations[at]);
    return `[${source.n}] ${where(cited[0])}: ${cited.map((c) => `“${quote(c)}”`).join(" … ")}`;
  });
  for (const [id, text, end] of [["copy", shown.plain, "\n"], ["copy-markdown", shown.markdown, "\n\n"]]) {
    const label = id === "copy" ? words.copy : words.copy_markdown;
    $(id).textContent = label;
    $(id).onclick = async () => {
      const sources = listed.length ? `\n\n${words.sources}${end}${listed.join(end)}` : "";
      await copy(text + sources);
      $(id).textContent = words.copied;
    };
  }
  $("copies").hidden = !answer.sentences.length;
}

// Who wrote an answer, and in what time; empty where nobody wrote one.
function byline(answer) {
  const places = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  const seconds = answer.seconds.toLocaleString(document.documentElement.lang, places);
  if (answer.model) return `${answer.model} · ${seconds} ${words.seconds}`;
  return answer.mode === "quotes" ? words.quotes : "";
}

export function showAnswer(answer, shown) {
  $("prose").classList.remove("streaming");
  $("prose").replaceChildren(...rendered(answer, shown));
  $("said").hidden = !shown.verdict;
  $("said").textContent = shown.verdict ?? "";
  $("said").classList.toggle("bad", answer.sentences.some((sentence) => !sentence.supported));
  notice(answer.notice);
  const by = byline(answer);
  const receipt = element("a", { href: beneath(`/answers/${answer.id}`) }, words.receipt);
  $("meta").replaceChildren(...(by ? [by, " · "] : []), receipt);
  const judge = { good: words.citation_good, bad: words.citation_bad };
  showSources(answer, shown, (n) => thumbs(answer, n, judge));
  copies(answer, shown);
  $("verdict").replaceChildren(thumbs(answer, 0, { good: words.answer_good, bad: words.answer_bad }));
  $("comment").hidden = true;
  $("comment").onsubmit = async (event) => {
    event.preventDefault();
    const opinion = { verdict: "bad", citation: 0, comment: $("comment-text").value };
    await send("POST", `/api/v1/answers/${answer.id}/feedback`, opinion);
    $("comment").hidden = true;
    $("meta").append(` · ${words.thanks}`);
  };
}

let onGoOn = () => {};
export function whenGoneOn(act) { onGoOn = act; }

// That no model is connected is no fault of this answer: it is said once in a visit.
function wasTold(code) {
  const key = `told:${code}`;
  const before = sessionStorage.getItem(key);
  sessionStorage.setItem(key, "yes");
  return before !== null;
}

export function notice(given) {
  const isQuiet = given?.code === "no_model";
  $("notice").dataset.code = given?.code ?? "";
  $("notice").hidden = !given || (isQuiet && wasTold(given.code));
  $("notice").className = isQuiet ? "banner quietly" : "banner";
  if ($("notice").hidden) return;
  $("notice").replaceChildren(given.message);
  if (["cut", "stopped"].includes(given.code)) {
    const button = element("button", { class: "button", type: "button" }, words.go_on);
    button.addEventListener("click", () => onGoOn());
    $("notice").append(" ", button);
  }
  if (["no_model", "model_unavailable", "model_missing"].includes(given.code)) {
    $("notice").append(element("details", {}, element("summary", {}, words.connect), words.connect_steps));
  }
}

export function failed(message, again) {
  $("notice").dataset.code = "";  // no longer that of the question before
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
