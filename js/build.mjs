// One ES module per widget and its style sheet, of the modules that it imports; and Vega once for the page (host/vega.ts
// asks the kernel for it).
import { readdirSync } from "node:fs";
import { build, context } from "esbuild";
import { forEsbuild } from "./glob.mjs";

const job = {
  entryPoints: readdirSync("src/entries").map((name) => `src/entries/${name}`),
  outdir: "../src/hitl_widgets/widgets/static",
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "info",
  plugins: [forEsbuild],
};

if (process.argv.includes("--watch")) await (await context(job)).watch();
else await build(job);
