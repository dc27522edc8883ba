/**
 * Waiting for a buffer to come back from the device.
 *
 * Firefox looks for finished work ten times a second, and whenever something is submitted; the other engines at once.
 */

import { gpu } from "./machine.ts";

const looksRarely = /\bfirefox\//i.test(
  (globalThis as { readonly navigator?: { readonly userAgent?: string } })
    .navigator?.userAgent ?? "",
);
/** Longest pause between two looks, in milliseconds. */
const longestPauseMs = 8;

/** Maps a buffer for reading. */
export async function mapForReading(
  device: GPUDevice,
  buffer: GPUBuffer,
): Promise<void> {
  const mapped = buffer.mapAsync(gpu.mapRead);
  if (!looksRarely) return mapped;
  let waiting = true;
  const settled = mapped.finally(() => waiting = false);
  // A rejection that comes during a pause is handled by the `await` below, and must not count as unhandled before.
  settled.catch(() => {});
  for (
    let pauseMs = 0;
    waiting;
    pauseMs = Math.min(2 * pauseMs + 1, longestPauseMs)
  ) {
    device.queue.submit([]);
    await Promise.race([
      settled.catch(() => {}),
      new Promise((resolve) => setTimeout(resolve, pauseMs)),
    ]);
  }
  return settled;
}
