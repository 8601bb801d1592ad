// Embedding models: while a swap goes on, its bar and the words beside it are brought up to date.
import { beneath } from "./addresses.js";
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const shown = document.getElementById("swap");

async function newest() {
  const answer = await fetch(beneath("/models"), { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById("swap");
}
async function follow() {
  while (shown.dataset.busy === "true") {
    await wait(2000);
    try {
      const found = await newest();
      if (found?.dataset.busy !== "true") { location.reload(); return; } // also where nobody is signed in any more
      for (const kind of ["progress", ".state", ".pace"]) {
        const before = shown.querySelector(kind);
        const after = found.querySelector(kind);
        if (before && after) before.replaceWith(after);
        else if (after) { location.reload(); return; }
      }
    } catch { /* the server is away for a moment: the next round asks again */ }
  }
}
follow();
