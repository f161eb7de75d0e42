// One ES module per widget, plus Vega once for the page (host/vega.ts asks the kernel for it).
import { readdirSync } from "node:fs";
import { build, context } from "esbuild";
import { forEsbuild } from "./glob.mjs";

const out = "../src/hitl_widgets/widgets/static";
const shared = {
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "info",
  plugins: [forEsbuild],
};
// Vega is a module of its own, and engines are shared by two widgets.
const widgets = readdirSync("src/entries").filter((name) => !["vega.ts", "engines.ts"].includes(name));
const jobs = [
  {
    ...shared,
    entryPoints: widgets.map((name) => `src/entries/${name}`),
    outdir: out,
  },
  { ...shared, entryPoints: { vega: "src/entries/vega.ts" }, outdir: out },
  { ...shared, entryPoints: { hitl: "src/ui/hitl.css" }, outdir: out },
];

if (process.argv.includes("--watch")) {
  for (const job of jobs) await (await context(job)).watch();
} else {
  await Promise.all(jobs.map((job) => build(job)));
}
