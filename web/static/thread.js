// The conversation so far, above the question that is being asked.
import { rendered } from "./form.js";
import { element, send, words } from "./parts.js";

const list = document.getElementById("thread");
export const thread = { turns: [] };

export function showThread(turns) {
  thread.turns = turns;
  list.hidden = !turns.length;
  list.replaceChildren(...turns.map((turn) => element("li", {},
    element("h2", {}, turn.question),
    turn.answer
      ? element("div", { class: "prose" }, ...said(turn))
      : element("p", { class: "note" }, words.withheld))));
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
}
