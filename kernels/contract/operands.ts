/** Arrays and operands of the kernels. @module */

/** Element types of arrays; `f16` is for storage on devices that have it, and no kernel computes in it. */
export type Dtype = "f16" | "f32" | "f64" | "u8" | "u32" | "i32";

/** Element types of the arithmetic itself. */
export type FloatDtype = "f32" | "f64";

/** The typed array that holds a {@linkcode Dtype} in JavaScript; numbers of `f16` are held as f32, exactly. */
export interface ViewOf {
  f16: Float32Array;
  f32: Float32Array;
  f64: Float64Array;
  u8: Uint8Array;
  u32: Uint32Array;
  i32: Int32Array;
}

/** Any of the typed arrays of {@linkcode ViewOf}. */
export type View = ViewOf[Dtype];

/** A flat array where the kernels run: in WASM memory, in JavaScript memory or on the GPU. */
export interface DeviceArray<D extends Dtype = Dtype> {
  readonly dtype: D;
  /** Number of elements. */
  readonly length: number;
  /** What it holds, for error messages and GPU debuggers. */
  readonly label: string;
}

/** A device array whose elements JavaScript can touch directly. */
export interface HostArray<D extends Dtype = Dtype> extends DeviceArray<D> {
  /** The elements; a live view, never a copy. */
  readonly view: ViewOf[D];
  /** Byte offset in WASM memory; 0 when the array lives outside it. */
  readonly address: number;
}

/** A strided run of elements: element `i` is `array[offset + i * stride]`. */
export interface VectorOperand {
  readonly array: DeviceArray<FloatDtype>;
  readonly length: number;
  /** Elements before the first. @default 0 */
  readonly offset?: number;
}

/** A row-major matrix inside an array: element `(i, j)` is `array[offset + i * stride + j]`. */
export interface MatrixOperand<D extends Dtype = FloatDtype> {
  readonly array: DeviceArray<D>;
  readonly rows: number;
  readonly columns: number;
  /** Elements before the first row. @default 0 */
  readonly offset?: number;
  /** Elements from one row to the next. @default columns */
  readonly stride?: number;
}

/** A kernel is done when it returns, or when the promise it returned is fulfilled. Always `await` it. */
export type Completion<T = void> = T | Promise<T>;

/** What a kernel that takes long does between its parts: then its answer is a promise. */
export interface Breaks {
  /** Waited for between parts; what it throws ends the kernel, whose results are none then. */
  wait(): Promise<unknown>;
  /** Whether to end as soon as the results are whole. */
  isOver(): boolean;
}
