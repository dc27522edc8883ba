import { archetypalNmf, type Matrix, matrix, nmf, parseNpy } from "../../mod.ts";
import { drawComponents, drawCurves } from "../../pictures/mod.ts";
import { type Case, type Cell, leftOut, type Picture } from "../case.ts";
import { dataFolder, withoutData } from "../real_data.ts";

async function readMatrix(path: string): Promise<Matrix> {
  const { shape, data } = parseNpy(await Deno.readFile(`${dataFolder}/${path}`));
  const values = Float64Array.from(data as ArrayLike<number>);
  return matrix(shape[0], values.length / shape[0], values);
}

/** The materials of the library, and the rows that hold their spectra. */
const materials = [["soil", 0, 30], ["tree", 30, 60], ["water", 60, 105]] as const;

/** The spectra nearest in angle: for each material the archetype that is nearest to one of its spectra, in degrees. */
function angles(archetypes: Matrix, library: Matrix): { material: string; archetype: number; degrees: number }[] {
  const [rank, bands] = archetypes.shape;
  const angle = (t: number, i: number) => {
    let dot = 0, one = 0, other = 0;
    for (let j = 0; j < bands; j++) {
      const a = archetypes.data[t * bands + j], b = library.data[i * bands + j];
      dot += a * b;
      one += a * a;
      other += b * b;
    }
    return Math.acos(Math.min(1, dot / Math.sqrt(one * other))) * 180 / Math.PI;
  };
  return materials.map(([material, begin, end]) => {
    let best = { material, archetype: 0, degrees: Infinity };
    for (let t = 0; t < rank; t++) {
      for (let i = begin; i < end; i++) {
        const degrees = angle(t, i);
        if (degrees < best.degrees) best = { material, archetype: t, degrees };
      }
    }
    return best;
  });
}

/** Real images: endmembers of a hyperspectral scene, parts of digits. */
export const samson: Case = {
  question: "Are archetypes of a hyperspectral image the spectra of its materials, and those of digits parts?",
  async run({ progress }) {
    if (dataFolder === undefined) return leftOut(withoutData);
    const X = await readMatrix("samson/spectra.npy"), library = await readMatrix("samson/library.npy");
    const rows: Cell[][] = [], pictures: Picture[] = [], bands = X.shape[1];
    const starts = ["affine", "spa", "furthest-sum"] as const;
    for (const initial of starts) {
      progress(`Samson, ${initial}`);
      const regularised = await archetypalNmf(X, { rank: 3, initial, tolerance: 1e-6, maxIterations: 150 });
      const analysis = await archetypalNmf(X, {
        rank: 3,
        initial,
        lambda: Infinity,
        tolerance: 1e-7,
        maxIterations: 5000,
      });
      const first = await archetypalNmf(X, { rank: 3, initial, maxIterations: 1, tolerance: 1 });
      const plain = await nmf(X, {
        rank: 3,
        initial: { H: first.archetypes, W: first.weights },
        tolerance: 1e-7,
        maxIterations: 5000,
      });
      for (
        const [solver, archetypes, error] of [
          ["archetypalNmf, lambda 1", regularised.archetypes, regularised.relativeError],
          ["archetypal analysis", analysis.archetypes, analysis.relativeError],
          ["nmf", plain.components, plain.relativeError],
        ] as const
      ) {
        const found = angles(archetypes, library);
        const distinct = new Set(found.map(({ archetype }) => archetype)).size;
        rows.push([initial, solver, ...found.map(({ degrees }) => degrees), distinct, error]);
        if (initial !== "affine" || solver === "archetypal analysis") continue;
        const x = Float64Array.from({ length: bands }, (_, j) => j + 1);
        const text = drawCurves(
          found.map(({ material, archetype }) => ({
            name: material,
            x,
            y: archetypes.data.subarray(archetype * bands, (archetype + 1) * bands),
          })),
          { title: `Samson: ${solver}`, x: { label: "band" }, y: { label: "reflectance" } },
        );
        const file = solver === "nmf" ? "samson-nmf.svg" : "samson-archetypes.svg";
        pictures.push({
          file,
          caption: `What ${solver} finds in the Samson image, by the material that is nearest.`,
          text,
        });
      }
    }
    progress("digits");
    const digits = await readMatrix("digits/images.npy"), rank = 10;
    const dense = await archetypalNmf(digits, { rank, lambda: 0.1 });
    const sparse = await archetypalNmf(digits, { rank, lambda: 0.1, nonzeros: 0.35 * rank * 64 });
    for (
      const [file, caption, found] of [
        ["digits-archetypes.svg", "Archetypes of the digits, lambda 0.1, without a budget.", dense],
        ["digits-sparse.svg", "Archetypes of the digits with 35 % of their entries: parts.", sparse],
      ] as const
    ) {
      pictures.push({ file, caption, text: drawComponents(found.archetypes, { title: "Digits", shape: [8, 8] }) });
    }
    return {
      tables: [{
        title: "Samson, three archetypes: angle to the nearest library spectrum of each material, in degrees",
        columns: ["start", "solver", "soil", "tree", "water", "different archetypes", "relative error"],
        rows,
      }, {
        title: "Digits, ten archetypes",
        columns: ["entries", "relative error", "not zero"],
        rows: [["all", dense.relativeError, dense.nonzeroCount], ["35 %", sparse.relativeError, sparse.nonzeroCount]],
      }],
      targets: [],
      pictures,
      notes: ["Every fifth pixel of the image. nmf begins at the archetypes and weights of the same start."],
    };
  },
};
