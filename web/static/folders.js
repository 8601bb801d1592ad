// What a service says of a folder, or else in words what is wrong; ``failed`` where it says nothing.
export async function inFolder(address, path, failed) {
  try {
    const answer = await fetch(`${address}?path=${encodeURIComponent(path)}`, {
      headers: { Accept: "application/json" },
    });
    const found = await answer.json();
    return answer.ok ? [found, ""] : [null, found.error.message];
  } catch { return [null, failed]; }
}
