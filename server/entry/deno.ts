// Node's server, because `Deno.serve` does not tell when a client leaves after its body was read (Deno 2.9.5), and
// that solve would go on for no one.
import "./node.ts";
