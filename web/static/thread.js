// The conversation so far, above the question that is being asked.
import { rendered } from "./form.js";
import { element, send, words } from "./parts.js";

const list = document.getElementById("thread");
export const thread = { turns: [] };

let onAgain = () => {}, onChange = () => {};
export function whenAgain(act) { onAgain = act; }
export function whenChanging(act) { onChange = act; }

export function showThread(turns) {
  thread.turns = turns;
  list.hidden = !turns.length;
  list.replaceChildren(...turns.map((turn) => element("li", {},
    element("h2", {}, turn.question),
    turn.answer
      ? element("div", { class: "prose" }, ...said(turn))
      : element("p", { class: "note" }, words.withheld),
    element("div", { class: "tools-of" },
      does(words.again, turn, (one) => onAgain(one)), does(words.change, turn, (one) => onChange(one))))));
}

function does(word, turn, act) {
  const of = element("span", { class: "hidden" }, ` ${turn.question}`);
  const button = element("button", { type: "button", class: "quiet" }, word, of);
  button.addEventListener("click", () => act(turn));
  return button;
}

// An answer's sentences, or, where there are none, why.
function said({ answer, shown }) {
  if (answer.sentences.length) return rendered(answer, shown);
  return [element("p", { class: "note" }, answer.notice?.message ?? "")];
}

export async function readThread(conversation, except) {
  const { turns } = await send("GET", `/api/v1/conversations/${encodeURIComponent(conversation)}`);
  const at = turns.findIndex((turn) => turn.id === except);
  showThread(at < 0 ? turns : turns.slice(0, at));
  return thread.turns;
}
