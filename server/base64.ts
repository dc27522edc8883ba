/** Base64 (RFC 4648, section 4) by the runtime's own codec where it has one: Node has none before version 25. */

interface Base64Constructor {
  fromBase64?: (text: string) => Uint8Array<ArrayBuffer>;
}

interface Base64Array {
  toBase64?: () => string;
}

/** The bytes of a text. @throws {SyntaxError | DOMException} for anything but base64 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const { fromBase64 } = Uint8Array as Base64Constructor;
  if (fromBase64) return fromBase64.call(Uint8Array, text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

/** The text of some bytes. */
export function encodeBase64(bytes: Uint8Array): string {
  const { toBase64 } = bytes as Base64Array;
  if (toBase64) return toBase64.call(bytes);
  // Arguments of one call live on the stack: 32 Ki of them are safe everywhere.
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return btoa(binary);
}
