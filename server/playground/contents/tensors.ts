/** Tensors: of a safetensors file, read one by one, or of an example. */

import {
  readSafetensorsHeader,
  readSafetensorsTensor,
  type SafetensorsHeader,
  toMatrix,
} from "../../../formats/mod.ts";
import type { Matrix } from "../../../solvers/core/matrix.ts";
import type { Field } from "../panel.ts";
import type { Chosen, Content } from "../solver.ts";
import { fileKind, headOf, isSafetensors } from "./file_kind.ts";

/** Matrices by name; those of a file are read when they are asked for. */
export interface Tensors extends Content {
  read(name: string): Promise<Matrix>;
}

/**
 * The matrices of a safetensors file.
 *
 * @throws {Error} that says what the file is, where it is another
 */
export async function readTensors(file: File): Promise<Tensors> {
  const head = await headOf(file);
  if (!isSafetensors(file.size, head)) {
    const kind = fileKind(file, head) ?? "text";
    throw new Error(`${file.name} is ${kind}: a .safetensors file was expected.`);
  }
  const source = {
    size: file.size,
    read: async (offset: number, length: number) =>
      new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()),
  };
  let header: SafetensorsHeader;
  try {
    header = await readSafetensorsHeader(source);
  } catch (error) {
    throw new Error(`${file.name} cannot be read. ${(error as Error).message}`);
  }
  const matrices = [...header.entries].filter(([, { shape }]) => shape.length === 2);
  if (matrices.length === 0) {
    const others = [...header.entries].slice(0, 4).map(([name, { shape }]) => `${name} [${shape.join(", ")}]`);
    throw new Error(`${file.name} holds no matrix: its tensors are ${others.join(", ") || "none"}.`);
  }
  return {
    fields: matrices.map(([name, { shape, dtype }]) => ({
      name,
      kind: "tensor",
      shape,
      about: `${shape.join(" x ")}, ${dtype}`,
    })),
    read: async (name) => toMatrix(await readSafetensorsTensor(source, header, name), name),
  };
}

/** The matrices of an example. */
export function tensorsOf(matrices: Readonly<Record<string, Matrix>>): Tensors {
  const fields = Object.entries(matrices).map(([name, { shape }]): Field => ({
    name,
    kind: "tensor",
    shape,
    about: shape.join(" x "),
  }));
  return { fields, read: (name) => Promise.resolve(matrices[name]) };
}

/** The matrix of a role. */
export async function matrixOf({ content, roles }: Chosen<Tensors>, role: string): Promise<Matrix> {
  return await content.read(roles[role][0]);
}
