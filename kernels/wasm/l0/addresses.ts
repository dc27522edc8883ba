import type { HostArray } from "../../contract.ts";

export const start = (array: unknown) => (array as HostArray).address;
