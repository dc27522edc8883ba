/** Most characters of a value that an error quotes. */
const most = 60;

/** A value as errors quote it: its beginning, whatever its size and depth. */
export function shown(value: unknown): string {
  const text = beginning(value, 0);
  return text.length > most ? `${text.slice(0, most)}...` : text;
}

/** JSON as far as it is needed; JSON itself has neither NaN nor infinities, and no bigint. */
function beginning(value: unknown, depth: number): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, most + 1));
  if (typeof value !== "object" || value === null) return String(value);
  if (depth > 8) return "...";
  const isArray = Array.isArray(value) || ArrayBuffer.isView(value);
  const parts = isArray ? value as unknown as ArrayLike<unknown> : undefined, keys = parts ? [] : Object.keys(value);
  const count = parts?.length ?? keys.length;
  let text = "";
  for (let at = 0; at < count && text.length <= most; at++) {
    const item = parts ? parts[at] : (value as Record<string, unknown>)[keys[at]];
    const label = parts ? "" : `${JSON.stringify(keys[at].slice(0, most))}:`;
    text += `${at > 0 ? "," : ""}${label}${beginning(item, depth + 1)}`;
  }
  return parts ? `[${text}]` : `{${text}}`;
}

/** A number of things, in words. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}
