// What a service says of a folder, or else in words what is wrong; ``failed`` where it says nothing.
import { beneath } from "./addresses.js";
export async function inFolder(address, path, failed) {
  try {
    const answer = await fetch(beneath(`${address}?path=${encodeURIComponent(path)}`), {
      headers: { Accept: "application/json" },
    });
    const found = await answer.json();
    return answer.ok ? [found, ""] : [null, found.error.message];
  } catch { return [null, failed]; }
}
