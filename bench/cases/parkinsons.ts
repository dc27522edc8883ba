import {
  crossValidateMultiTask,
  matrix,
  type MultiTaskCrossValidationOptions,
  type MultiTaskInput,
  predictMultiTask,
  sparseMultiTask,
} from "../../mod.ts";
import { type Case, type Cell, leftOut, type Target } from "../case.ts";
import { bestClock, seconds } from "../clock.ts";
import { openMultiTaskLasso } from "../peers/multitask_lasso.ts";
import { dataFolder, readTable, withoutData } from "../real_data.ts";

/** Target, and columns that are no features. */
const target = "total_UPDRS", others = ["subject#", "motor_UPDRS", "age", "sex", "test_time"];

/** Every so many rows of a patient are held out for testing. */
const testEvery = 4;

/** The rows that fits see of each patient: all others, and an eighth. */
const trainings = [
  { rows: "three quarters of the rows", keeps: (i: number) => i % testEvery !== 0 },
  { rows: "an eighth of the rows", keeps: (i: number) => i % testEvery !== 0 && i % 8 === 1 },
];

const grid = { support: [1, 2, 4, 6, 8], ridge: [1e-3, 1e-2, 0.1] };

const place = { backend: "wasm", threads: 1 } as const;

const models: readonly { readonly name: string; readonly options: MultiTaskCrossValidationOptions }[] = [
  { name: "separate", options: { grid: { ...grid, supportSharing: [0] } } },
  { name: "supports shared", options: { grid } },
  {
    name: "values shared",
    options: { grid: { ...grid, ridge: [1e-3], valueSharing: [0.01, 0.1, 1, 10], supportSharing: [0] } },
  },
  {
    name: "supports and values shared",
    options: { grid: { ...grid, ridge: [1e-3], valueSharing: [0.1, 1, 10] } },
  },
  { name: "common support", options: { commonSupport: true, grid } },
];

/** Patients as tasks: their voices and the severity of their disease. */
async function patients(): Promise<MultiTaskInput[]> {
  const { columns, matrix: { data, shape: [rows, width] } } = await readTable("parkinsons/parkinsons_updrs.tsv");
  const at = (name: string) => columns.indexOf(name);
  const features = columns.map((_, j) => j).filter((j) => ![target, ...others].includes(columns[j]));
  const byPatient = new Map<number, number[]>();
  for (let i = 0; i < rows; i++) {
    const patient = data[i * width + at("subject#")];
    byPatient.set(patient, [...byPatient.get(patient) ?? [], i]);
  }
  return [...byPatient].map(([patient, own]) => ({
    X: matrix(
      own.length,
      features.length,
      Float64Array.from(own.flatMap((i) => features.map((j) => data[i * width + j]))),
    ),
    y: Float64Array.from(own, (i) => data[i * width + at(target)]),
    name: String(patient),
  }));
}

function rowsOf(
  { X, y, name }: MultiTaskInput,
  keeps: (i: number) => boolean,
): MultiTaskInput & { X: ReturnType<typeof matrix>; y: Float64Array } {
  const { data, shape: [rows, width] } = X as ReturnType<typeof matrix>;
  const own = Array.from({ length: rows }, (_, i) => i).filter(keeps);
  return {
    X: matrix(
      own.length,
      width,
      Float64Array.from(own.flatMap((i) => Array.from(data.subarray(i * width, (i + 1) * width)))),
    ),
    y: Float64Array.from(own, (i) => y[i]),
    name,
  };
}

const squaredError = (predicted: Float64Array, y: ArrayLike<number>) =>
  predicted.reduce((sum, value, i) => sum + (value - y[i]) ** 2, 0) / predicted.length;

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Parkinsons telemonitoring with patients as tasks. */
export const parkinsons: Case = {
  question: "Do patients' models of their own voices gain by sharing, and what do they say of a new patient?",
  async run({ quick, seed, progress }) {
    if (!dataFolder) return leftOut(withoutData);
    const all = (await patients()).slice(0, quick ? 8 : undefined), missing: string[] = [], targets: Target[] = [];
    const test = all.map((task) => rowsOf(task, (i) => i % testEvery === 0)), rows: Cell[][] = [];
    const peer = await openMultiTaskLasso();
    if (typeof peer === "string") missing.push(peer);
    for (const { rows: seen, keeps } of trainings) {
      const training = all.map((task) => rowsOf(task, keeps)), errors = new Map<string, number>();
      const note = (name: string, predicted: readonly Float64Array[], spent: number, what: string) => {
        const error = Math.sqrt(mean(predicted.map((own, k) => squaredError(own, test[k].y))));
        errors.set(name, error);
        rows.push([seen, name, error, spent, what]);
      };
      note(
        "each patient's mean",
        training.map(({ y }, k) => test[k].y.map(() => mean(Array.from(y)))),
        0,
        "no feature",
      );
      for (const { name, options } of models) {
        progress(`${seen}, ${name}`);
        const begun = seconds(bestClock);
        const { fit } = await crossValidateMultiTask(training, { ...options, ...place, seed });
        note(
          name,
          test.map(({ X }, k) => predictMultiTask(fit, X, k)),
          seconds(bestClock) - begun,
          `support ${fit.support}, ridge ${fit.ridge}, values ${fit.valueSharing}, supports ${
            fit.supportSharing.toPrecision(2)
          }`,
        );
      }
      progress(`${seen}, pooled`);
      const X = matrix(
        training.reduce((sum, { y }) => sum + y.length, 0),
        training[0].X.shape[1],
        Float64Array.from(training.flatMap((task) => Array.from(task.X.data))),
      );
      const y = Float64Array.from(training.flatMap((task) => Array.from(task.y)));
      const begun = seconds(bestClock);
      const { fit: pooled } = await crossValidateMultiTask([{ X, y }], {
        grid: { ...grid, support: [4, 8, 12, 16] },
        ...place,
        seed,
      });
      note(
        "one pooled fit",
        test.map((task) => predictMultiTask(pooled, task.X, 0)),
        seconds(bestClock) - begun,
        `support ${pooled.support}`,
      );
      if (typeof peer !== "string") {
        progress(`${seen}, lasso`);
        let spent = 0;
        const predicted: Float64Array[] = [];
        for (const [k, task] of training.entries()) {
          const lasso = await peer.fit("lasso", task.X, matrix(task.y.length, 1, task.y), 5);
          spent += lasso.seconds;
          predicted.push(predictMultiTask({ ...lasso, taskNames: ["0"] }, test[k].X, 0));
        }
        note("separate lassos, scikit-learn", predicted, spent, "");
        const one = await peer.fit("multi-task lasso", X, matrix(y.length, 1, y), 5);
        note(
          "one pooled lasso, scikit-learn",
          test.map((task) => predictMultiTask({ ...one, taskNames: ["0"] }, task.X, 0)),
          one.seconds,
          "",
        );
      }
      const best = Math.min(...models.slice(1).map(({ name }) => errors.get(name)!));
      for (const other of ["separate", "one pooled fit"]) {
        targets.push({
          name: `error of the best sharing model over ${other}, ${seen}`,
          value: best / errors.get(other)!,
          limit: 1,
          sense: "at most",
        });
      }
    }
    if (typeof peer !== "string") peer.close();
    const unseen: Cell[][] = [];
    const sharing = { support: 4, ridge: 1e-2, valueSharing: 1 } as const;
    for (const prediction of ["average", "stacked"] as const) {
      progress(`new patients, ${prediction}`);
      const found: number[] = [];
      for (const [k, task] of all.entries()) {
        const model = await sparseMultiTask(all.filter((_, l) => l !== k), {
          ...sharing,
          ...place,
          seed,
          method: "local-search",
        });
        found.push(squaredError(predictMultiTask(model, task.X, prediction), task.y));
      }
      unseen.push([`values shared, ${prediction}`, Math.sqrt(mean(found))]);
    }
    const means = all.map(({ y }) => mean(Array.from(y)));
    unseen.push([
      "mean of the others' means",
      Math.sqrt(
        mean(all.map(({ y }, k) => squaredError(Float64Array.from(y, () => mean(means.filter((_, l) => l !== k))), y))),
      ),
    ]);
    return {
      tables: [{
        title:
          `${all.length} patients, 16 features of the voice, total UPDRS; every fourth row held out; root of the mean squared error`,
        columns: ["training", "model", "error", "CPU seconds, tuned", "chosen"],
        rows,
      }, {
        title: "a patient predicted by all others",
        columns: ["model", "error"],
        rows: unseen,
      }],
      targets,
      notes: [
        "Models are tuned by five folds of the training rows, all patients at the same penalties; separate fits are one call in which nothing is priced that tells patients apart.",
        "The multi-task lasso of scikit-learn needs one X for all tasks and does not apply to patients with samples of their own; beside it, a lasso for each patient and one for all.",
        "Recordings of one patient follow one another, and the score is interpolated between visits: a random fold knows its neighbours.",
      ],
      missing,
    };
  },
};
