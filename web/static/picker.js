// A folder chosen from those that may be followed; typing its path does as well.
import { inFolder } from "./folders.js";

const dialog = document.getElementById("folders");
const open = document.getElementById("browse");
const path = document.getElementById("add")?.elements.path;

if (dialog && open && path) {
  const here = dialog.querySelector(".here");
  const list = dialog.querySelector("ul");
  const wrong = dialog.querySelector(".wrong");
  const take = dialog.querySelector("button[value=take]");
  let at = "", asked = 0;
  function row(words, address) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet folder";
    button.textContent = words;
    button.addEventListener("click", () => show(address));
    item.append(button);
    return item;
  }
  async function show(wanted) {
    const mine = asked += 1;
    const [found, problem] = await inFolder("/sources/folders", wanted, wrong.dataset.failed);
    if (mine !== asked) return;
    wrong.hidden = !problem;
    if (problem) { wrong.textContent = problem; return; }
    at = found.path;
    take.disabled = !at;
    here.textContent = at || here.dataset.tops;
    const rows = found.folders.map((folder) => row(folder.name, folder.path));
    if (found.above !== null) rows.unshift(row(`↑ ${list.dataset.above}`, found.above));
    list.replaceChildren(...rows);
    if (!found.folders.length) list.append(Object.assign(document.createElement("li"), {
      className: "note", textContent: list.dataset.none,
    }));
    (list.querySelector("button") ?? take).focus();
  }
  open.hidden = false;
  open.addEventListener("click", async () => {
    dialog.returnValue = "";
    dialog.showModal();
    await show(path.value.trim());
    if (!at && !list.childElementCount) await show("");
  });
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "take" && at) {
      path.value = at;
      path.dispatchEvent(new Event("input", { bubbles: true }));
    }
    path.focus();
  });
}
