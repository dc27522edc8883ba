/** Failures of the engine itself, as opposed to bad input. */

/** The working memory of a solve would exceed the limit, or the runtime refused to give more. */
export class MemoryLimitError extends Error {
  /** Tells this class by name. */
  override readonly name = "MemoryLimitError";
}

/** A solve would take more operations than the host allows. */
export class WorkLimitError extends Error {
  /** Tells this class by name. */
  override readonly name = "WorkLimitError";
}

/** A backend that was requested is missing, or failed while it worked. */
export class BackendError extends Error {
  /** Tells this class by name. */
  override readonly name = "BackendError";
}
