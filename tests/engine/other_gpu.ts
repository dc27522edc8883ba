/** A `navigator.gpu` of the tests' own: adapters that pass for hardware, have little memory, or do not start. */

const host = globalThis as unknown as { navigator?: { readonly gpu?: GPU } };

/** How the adapter differs from the one that is there, or from nothing. */
export interface OtherAdapter {
  /** Limits in place of the adapter's own. */
  readonly limits?: Partial<
    Record<"maxBufferSize" | "maxStorageBufferBindingSize", number>
  >;
  /** In place of asking the adapter. */
  readonly requestDevice?: () => Promise<GPUDevice>;
  /** Is told of each device. */
  readonly onDevice?: (device: GPUDevice) => void;
}

const enough = { maxBufferSize: 2 ** 28, maxStorageBufferBindingSize: 2 ** 27 };

/** Calls `run` where the adapter is called "Other adapter", or where there is none. */
export async function withAdapter(
  other: OtherAdapter | null,
  run: () => Promise<void>,
  real?: GPUAdapter,
): Promise<void> {
  const requestDevice = async (descriptor: GPUDeviceDescriptor) => {
    const device = await (other?.requestDevice?.() ?? real!.requestDevice(descriptor));
    other?.onDevice?.(device);
    return device;
  };
  const adapter = other && {
    info: { description: "Other adapter" },
    features: new Set(),
    limits: { ...enough, ...other.limits },
    requestDevice,
  };
  const gpu = { requestAdapter: () => Promise.resolve(adapter) };
  // Node has no `navigator` before version 21.
  const [target, name, value] = host.navigator ? [host.navigator, "gpu", gpu] : [host, "navigator", { gpu }];
  const before = Object.getOwnPropertyDescriptor(target, name);
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
  try {
    await run();
  } finally {
    if (before) Object.defineProperty(target, name, before);
    else delete (target as Record<string, unknown>)[name];
  }
}
