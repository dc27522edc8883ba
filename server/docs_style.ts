/** The style of `/docs`, in the colours of the playground. */
export const docsStyle = `
:root {
  --paper: #fbfaf8; --card: #fff; --ink: #1d1b18; --quiet: #6b665e; --line: #e2ddd4; --accent: #a93f1b;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :root { --paper: #171614; --card: #1f1d1b; --ink: #ece8e1; --quiet: #a8a196; --line: #37332e; --accent: #f08a5d; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto; max-width: 84rem; padding: 2rem clamp(1rem, 4vw, 3rem);
  display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 3rem;
  background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif;
}
nav { position: sticky; top: 1rem; align-self: start; max-height: calc(100vh - 2rem); overflow: auto; font-size: .875rem; }
nav ul { list-style: none; margin: 0 0 1.25rem; padding: 0; }
nav li { padding: .12rem 0; }
nav b { color: var(--quiet); font-size: .7rem; font-weight: 600; }
.name { margin: 0 0 1rem; font-size: 1.25rem; font-weight: 650; letter-spacing: -.02em; }
a { color: var(--accent); text-decoration: none; }
a:hover { text-decoration: underline; }
nav a { color: var(--ink); }
h1 { margin: 0; font-size: 2.25rem; font-weight: 650; letter-spacing: -.03em; }
h2 { margin: 0 0 .5rem; font-size: 1.35rem; font-weight: 600; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 b { color: var(--accent); font-size: .85rem; letter-spacing: .03em; }
h3 { margin: 1.25rem 0 .35rem; font-size: 1rem; font-weight: 600; }
p { max-width: 68ch; }
section { margin-top: 2rem; padding-top: 1.5rem; border-top: 1px solid var(--line); }
.table { overflow-x: auto; border: 1px solid var(--line); border-radius: .75rem; background: var(--card); }
table { width: 100%; border-collapse: collapse; font-size: .875rem; }
th, td { padding: .4rem .75rem; border-top: 1px solid var(--line); text-align: left; vertical-align: top; }
tr:first-child > * { border-top: 0; }
th { font-weight: 400; white-space: nowrap; }
th em, .quiet { color: var(--quiet); font-style: normal; font-size: .8rem; }
th { width: 11rem; }
td:nth-child(2) { width: 14rem; max-width: 16rem; color: var(--quiet); overflow-wrap: anywhere; }
code { font: .85em/1.5 ui-monospace, monospace; }
pre {
  margin: .75rem 0; padding: .75rem 1rem; overflow-x: auto; white-space: pre-wrap; overflow-wrap: anywhere;
  border: 1px solid var(--line); border-radius: .75rem; background: var(--card);
}
summary { cursor: pointer; color: var(--quiet); }
@media (max-width: 56rem) {
  body { grid-template-columns: minmax(0, 1fr); gap: 1.5rem; }
  nav { position: static; max-height: none; }
  nav ul { columns: 16rem; }
  table, tbody, tr, th, td { display: block; }
  tr { padding: .5rem .75rem; border-top: 1px solid var(--line); }
  tr > th, tr > td:nth-child(n) { max-width: none; padding: 0; border: 0; }
}
`;
