// One ES module per widget and its style sheet, of what it imports, and one for each file of src/modules: heavy code that
// a page asks the kernel for once, when it is first needed (host/modules.ts). So are the files of src/composers, one for
// each kind of question whose answers are more than classes, and those of src/viewers, one for each kind of item that
// needs more than a few lines. Those of src/pages show a widget on a page without a kernel.
import { readdirSync } from "node:fs";
import { build, context } from "esbuild";
import { forEsbuild } from "./glob.mjs";

const filesOf = (folder) =>
  readdirSync(folder, { withFileTypes: true })
    .filter((file) => file.isFile() && file.name.endsWith(".ts"))
    .map((file) => file.name.replace(".ts", ""));

const job = {
  entryPoints: Object.fromEntries([
    ...readdirSync("src/widgets").map((name) => [name, `src/widgets/${name}/entry.ts`]),
    ...readdirSync("src/modules").map((file) => [file.replace(".ts", ""), `src/modules/${file}`]),
    ...filesOf("src/composers").map((name) => [`compose-${name}`, `src/composers/${name}.ts`]),
    ...filesOf("src/pages").map((name) => [name, `src/pages/${name}.ts`]),
    ...filesOf("src/viewers").map((name) => [`view-${name}`, `src/viewers/${name}.ts`]),
  ]),
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
