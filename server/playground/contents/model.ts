/** A language model: its files as they were picked together, and texts beside them. */

import { type LanguageModel, loadModel, type Sequences } from "../../../models/mod.ts";
import type { Field, Values } from "../panel.ts";
import type { Chosen, Content } from "../solver.ts";

/** A model, and texts by name. */
export interface ModelContent extends Content {
  readonly model: LanguageModel;
  /** Whether the texts are the model's own. @default false */
  readonly own?: boolean;
  /** The sequences of a text. */
  read(name: string): Promise<Sequences>;
}

const isText = ({ name }: File) => /\.(?:txt|text|md)$/i.test(name) && !/^(?:readme|license|merges)\b/i.test(name);

/**
 * The model of files that were picked together, and the texts among them, a sequence a line.
 *
 * @throws {Error} that says what is missing or wrong
 */
export async function readModel(_: File, __: Values, files: readonly File[]): Promise<ModelContent> {
  const texts = new Map(files.filter(isText).map((file) => [file.name, file]));
  return {
    model: await loadModel(files),
    fields: Array.from(texts.values(), ({ name, size }): Field => ({
      name,
      kind: "text",
      about: `${Math.ceil(size / 1024)} KB`,
    })),
    async read(name) {
      const lines = (await texts.get(name)!.text()).split(/\r?\n/).filter((line) => line.trim() !== "");
      if (lines.length === 0) throw new Error(`There is no text in ${name}.`);
      return lines;
    },
  };
}

/** A text that was chosen for a role; undefined where none was. */
export async function sequencesOf(
  { content, roles }: Chosen<ModelContent>,
  role: string,
): Promise<Sequences | undefined> {
  const name = roles[role]?.[0];
  return name === undefined ? undefined : await content.read(name);
}
