/** What the page and its worker say to each other. */

import type { Field, Values } from "./panel.ts";

/** Where data come from. */
export type Source =
  | { readonly kind: "example"; readonly name: string; readonly options: Values }
  | { readonly kind: "files"; readonly files: readonly File[]; readonly options: Values };

/** What a source is told from others by. */
export function sourceKey(source: Source): string {
  if (source.kind === "example") return JSON.stringify(source);
  const files = source.files.map(({ name, size, lastModified }) => [name, size, lastModified]);
  return JSON.stringify(["files", files, source.options]);
}

/** What the page asks for on behalf of a panel. */
export type Request =
  & { readonly panel: string }
  & (
    | { readonly kind: "open"; readonly source: Source }
    | {
      readonly kind: "solve";
      readonly source: Source;
      readonly roles: Readonly<Record<string, readonly string[]>>;
      readonly options: Values;
    }
    | { readonly kind: "cancel" }
  );

/** What the worker tells a panel. */
export type Reply =
  & { readonly panel: string }
  & (
    | {
      readonly kind: "fields";
      readonly source: Source;
      readonly fields: readonly Field[];
      /** What was done that the source does not say by itself. */
      readonly remarks: readonly string[];
    }
    | { readonly kind: "progress"; readonly stage: string; readonly fraction: number }
    | { readonly kind: "answer"; readonly answer: unknown }
    | { readonly kind: "done"; readonly files: readonly { readonly name: string; readonly blob: Blob }[] }
    | { readonly kind: "cancelled" }
    | {
      readonly kind: "problem";
      /** What was asked for. */
      readonly of: "open" | "solve";
      readonly message: string;
      /** The argument or option at fault, where an error names one. */
      readonly argument?: string;
    }
  );
