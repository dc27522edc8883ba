/**
 * Regular expressions that checkpoints hold for names of layers, without the engine's own, which backtrack and may take
 * for ever. Here a pattern goes over all places of a name at once: from the set of places where a part may begin to the
 * set of those where it ends. What Python's `re` and JavaScript share is known, but for references to groups.
 *
 * @module
 */

/** Places of a name, from 0 to its length. */
type Places = ReadonlySet<number>;

/** A part of a pattern: where it ends, of where it may begin. */
type Part = (from: Places) => Places;

/** Most characters of a pattern. */
const longest = 4096;

/** Most times that a part may have to be repeated. */
const mostRepeats = 256;

/** Most places that are looked at for one name. */
const mostWork = 1e6;

/**
 * Whether a pattern fits the beginning of a name, as `re.match` says it.
 *
 * @throws {SyntaxError} for what is no pattern, what is not known here, and what takes too much work
 */
export function fitsBeginning(pattern: string, name: string): boolean {
  if (pattern.length > longest) throw new SyntaxError(`the pattern has more than ${longest} characters`);
  let at = 0, work = 0;

  const counted = (places: Places) => {
    work += 1 + places.size;
    if (work > mostWork) throw new SyntaxError("the pattern takes too much work");
    return places;
  };
  const one = (fits: (character: string) => boolean): Part => (from) => {
    const ends = new Set<number>();
    for (const place of counted(from)) if (place < name.length && fits(name[place])) ends.add(place + 1);
    return ends;
  };
  const where = (fits: (place: number) => boolean): Part => (from) => new Set([...counted(from)].filter(fits));
  const isWord = (place: number) => /^\w$/.test(name[place] ?? "");

  const whole = alternatives(0);
  if (at < pattern.length) throw new SyntaxError("a parenthesis is closed that was not opened");
  return whole(new Set([0])).size > 0;

  function alternatives(depth: number): Part {
    if (depth > 32) throw new SyntaxError("groups are nested more than 32 deep");
    const parts = [sequence(depth)];
    while (pattern[at] === "|") {
      at++;
      parts.push(sequence(depth));
    }
    if (parts.length === 1) return parts[0];
    return (from) => counted(new Set(parts.flatMap((part) => [...part(from)])));
  }

  function sequence(depth: number): Part {
    const parts: Part[] = [];
    while (at < pattern.length && pattern[at] !== "|" && pattern[at] !== ")") parts.push(repeated(atom(depth)));
    return (from) => {
      let places = from;
      for (const part of parts) {
        if (places.size === 0) break;
        places = part(places);
      }
      return places;
    };
  }

  function repeated(part: Part): Part {
    const [written, least, most] = repeats();
    if (written === "") return part;
    at += written.length;
    // Whether as many or as few as possible: all of them are looked at.
    if (pattern[at] === "?") at++;
    if (/^(?:[*+?]|\{\d)/.test(pattern.slice(at, at + 2))) throw new SyntaxError("a repeat is repeated");
    return (from) => {
      let places = from;
      for (let count = 0; count < least; count++) places = part(places);
      const all = new Set(places);
      for (let count = least; count < most && places.size > 0; count++) {
        places = new Set([...counted(part(places))].filter((place) => !all.has(place)));
        for (const place of places) all.add(place);
      }
      return all;
    };
  }

  function repeats(): readonly [written: string, least: number, most: number] {
    const next = pattern[at];
    if (next === "*") return [next, 0, Infinity];
    if (next === "+") return [next, 1, Infinity];
    if (next === "?") return [next, 0, 1];
    const [written, least, comma, most] = /^\{(\d+)(,)?(\d+)?\}/.exec(pattern.slice(at, at + 32)) ?? [""];
    if (written === "") return [written, 1, 1];
    const upper = comma === undefined ? Number(least) : most === undefined ? Infinity : Number(most);
    if (Number(least) > mostRepeats || upper < Number(least)) {
      throw new SyntaxError(`${written} is no number of repeats`);
    }
    return [written, Number(least), upper];
  }

  function atom(depth: number): Part {
    const next = pattern[at++];
    switch (next) {
      case ".":
        return one((character) => character !== "\n");
      case "^":
        return where((place) => place === 0);
      case "$":
        return where((place) => place === name.length);
      case "(":
        return group(depth);
      case "[":
        return one(characters());
      case "\\":
        return escaped();
      case "*":
      case "+":
      case "?":
        throw new SyntaxError("there is nothing to repeat");
      default:
        return one((character) => character === next);
    }
  }

  function group(depth: number): Part {
    const [written, kind] = /^\?(:|<?[=!]|P?<\w+>)/.exec(pattern.slice(at, at + 64)) ?? [""];
    if (written === "" && pattern[at] === "?") throw new SyntaxError("a group is of a kind that is not known");
    at += written.length;
    if (kind?.startsWith("<=") || kind?.startsWith("<!")) throw new SyntaxError("looking back is not known");
    const inside = alternatives(depth + 1);
    if (pattern[at++] !== ")") throw new SyntaxError("a parenthesis is not closed");
    if (kind !== "=" && kind !== "!") return inside;
    return where((place) => inside(new Set([place])).size > 0 === (kind === "="));
  }

  function escaped(): Part {
    if (pattern[at] === "b" || pattern[at] === "B") {
      const isEdge = pattern[at++] === "b";
      return where((place) => (isWord(place - 1) !== isWord(place)) === isEdge);
    }
    return one(escapedClass());
  }

  /** What `\\d` and its like stand for, and every other character that is escaped. */
  function escapedClass(): (character: string) => boolean {
    const letter = pattern[at++];
    if (letter === undefined) throw new SyntaxError("it ends in a backslash");
    if ("dDwWsS".includes(letter)) {
      const expression = { d: /\d/, w: /\w/, s: /\s/ }[letter.toLowerCase()]!, isNegative = letter < "a";
      return (character) => expression.test(character) !== isNegative;
    }
    if (/[A-Za-z0-9]/.test(letter)) throw new SyntaxError(`\\${letter} is not known`);
    return (character) => character === letter;
  }

  function characters(): (character: string) => boolean {
    const isNegative = pattern[at] === "^", members: ((character: string) => boolean)[] = [];
    if (isNegative) at++;
    for (let first = true; first || pattern[at] !== "]"; first = false) {
      if (at >= pattern.length) throw new SyntaxError("a bracket is not closed");
      const low = pattern[at++];
      if (low === "\\") members.push(escapedClass());
      else if (pattern[at] === "-" && pattern[at + 1] !== "]" && at + 1 < pattern.length) {
        const high = pattern[at + 1];
        at += 2;
        if (high < low || high === "\\") throw new SyntaxError(`${low}-${high} is no range`);
        members.push((character) => character >= low && character <= high);
      } else members.push((character) => character === low);
    }
    at++;
    return (character) => members.some((fits) => fits(character)) !== isNegative;
  }
}
