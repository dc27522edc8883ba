/** A Python literal: dictionaries with text keys, tuples and lists, text, whole numbers, booleans. */
export type PythonLiteral = string | number | boolean | PythonLiteral[] | Map<string, PythonLiteral>;

/** Deeper nesting than any array header has; keeps hostile text from exhausting the stack. */
const maximumDepth = 32;

/**
 * The part of Python's literals that array headers use.
 *
 * @param refuse Makes the error to throw from a description of the problem.
 */
export function parsePythonLiteral(text: string, refuse: (problem: string) => Error): PythonLiteral {
  const token = /\s*('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\d+L?|True|False|[{}()[\]:,]|$)/y;
  let current = "", depth = 0;
  const found = () => current || "its end";
  const advance = () => {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (!match) throw refuse(`is not a Python literal at character ${at}`);
    current = match[1];
  };
  const expect = (wanted: string) => {
    if (current !== wanted) throw refuse(`has ${found()} where ${wanted} was expected`);
    advance();
  };
  const items = (close: string, read: () => void): number => {
    let commas = 0;
    if (++depth > maximumDepth) throw refuse(`nests deeper than ${maximumDepth}`);
    advance();
    while (current !== close) {
      read();
      if (current === close) continue;
      expect(",");
      commas++;
    }
    advance();
    depth--;
    return commas;
  };
  const value = (): PythonLiteral => {
    const start = current;
    if (start === "{") {
      const map = new Map<string, PythonLiteral>();
      items("}", () => {
        const key = String(value());
        if (map.has(key)) throw refuse(`names '${key}' twice`);
        expect(":");
        map.set(key, value());
      });
      return map;
    }
    if (start === "(" || start === "[") {
      const list: PythonLiteral[] = [];
      const commas = items(start === "(" ? ")" : "]", () => list.push(value()));
      // Parentheses alone make no tuple.
      return start === "(" && commas === 0 && list.length === 1 ? list[0] : list;
    }
    if (!/^['"\dTF]/.test(start)) throw refuse(`has ${found()} where a value was expected`);
    advance();
    if (start === "True" || start === "False") return start === "True";
    return /^\d/.test(start) ? Number.parseInt(start, 10) : start.slice(1, -1);
  };
  advance();
  const result = value();
  if (current !== "") throw refuse(`goes on with ${current}`);
  return result;
}
