import process from "node:process";
import { createApp, optionsFromEnvironment } from "../mod.ts";
import { addressFromEnvironment, endBySignal } from "./address.ts";
import { listen } from "./listen.ts";

try {
  const { url, close } = await listen(createApp(optionsFromEnvironment(process.env)), addressFromEnvironment());
  console.log(`Minima is at ${url}`);
  endBySignal(close);
} catch (error) {
  console.error((error as Error).message);
  process.exit(1);
}
