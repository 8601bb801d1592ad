// While an evaluation goes on, its bar and the words above it are brought up to date.
import { beneath } from "./addresses.js";
const wait = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });
const shown = document.getElementById("asked");

async function newest() {
  const answer = await fetch(beneath("/evaluation"), { headers: { Accept: "text/html" } });
  if (!answer.ok) throw new Error(answer.status);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.getElementById("asked");
}
async function follow() {
  while (shown?.dataset.busy === "true") {
    await wait(2000);
    try {
      const found = await newest();
      if (found?.dataset.busy !== "true") { location.reload(); return; }
      for (const kind of ["progress", ".pace"]) shown.querySelector(kind).replaceWith(found.querySelector(kind));
    } catch { /* the server is away for a moment: the next round asks again */ }
  }
}
follow();
