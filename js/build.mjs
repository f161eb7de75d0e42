// One ES module per widget, plus Vega once for the page (host/vega.ts asks the kernel for it).
import { build, context } from "esbuild";

const out = "../src/hitl_widgets/widgets/static";
const shared = {
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  logLevel: "info",
};
const jobs = [
  {
    ...shared,
    entryPoints: [
      "src/entries/labeler.ts",
      "src/entries/explorer.ts",
      "src/entries/monitor.ts",
      "src/entries/lesson.ts",
    ],
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
