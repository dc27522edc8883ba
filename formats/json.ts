/**
 * The key that some object of `json` names twice, if any. JSON.parse keeps the last of two equal keys silently, so a
 * file could show one tensor to a checker and another to us.
 *
 * @param json Text that JSON.parse has accepted.
 */
export function duplicateKey(json: string): string | undefined {
  const colon = /\s*:/y;
  /** Keys of every object that is open, `null` for an open array. */
  const open: (Set<string> | null)[] = [];
  for (let i = 0; i < json.length; i++) {
    switch (json[i]) {
      case "{":
        open.push(new Set());
        break;
      case "[":
        open.push(null);
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case '"': {
        const begin = i++;
        while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
        // In valid JSON a string before a colon is a key, and nothing else is.
        colon.lastIndex = i + 1;
        if (colon.test(json)) {
          const key = JSON.parse(json.slice(begin, i + 1)) as string;
          const keys = open.at(-1)!;
          if (keys.has(key)) return key;
          keys.add(key);
        }
      }
    }
  }
}
