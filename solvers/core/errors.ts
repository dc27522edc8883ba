/** Input that a solver cannot use; `argument` names it. */
export class InputError extends RangeError {
  /** Tells this class by name. */
  override readonly name: string = "InputError";
  /** The argument at fault, as the caller knows it. */
  readonly argument: string;

  /** An error about `argument`. */
  constructor(argument: string, message: string) {
    super(message);
    this.argument = argument;
  }
}

/** Sizes that do not fit together. */
export class ShapeError extends InputError {
  /** Tells this class by name. */
  override readonly name = "ShapeError";
}

/** An option outside its range. */
export class OptionError extends InputError {
  /** Tells this class by name. */
  override readonly name = "OptionError";
}

/** Values that the mathematics cannot use: NaN, infinities, an indefinite Gram matrix. */
export class DataError extends InputError {
  /** Tells this class by name. */
  override readonly name = "DataError";
}
