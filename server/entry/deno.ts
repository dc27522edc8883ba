// Node's server, because `Deno.serve` does not tell when a client leaves after its body was read (Deno 2.9.5), and
// nobody would wait for that solve any more.
import "./node.ts";
