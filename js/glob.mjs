// `import "all:items"` is every module of src/items, and in a style sheet every style sheet of it: a new kind is one file,
// with its style beside it, and no list names it.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SHARED = new Set(["index.ts", "registry.ts"]);
const folderOf = (id) => fileURLToPath(new URL(`src/${id.slice("all:".length)}/`, import.meta.url));
const imports = (id, ending = ".ts") =>
  readdirSync(folderOf(id))
    .filter((name) => name.endsWith(ending) && !SHARED.has(name))
    .sort()
    .map((name) => `${ending === ".css" ? "@" : ""}import ${JSON.stringify(folderOf(id) + name)};`)
    .join("\n");

export const forEsbuild = {
  name: "all",
  setup(build) {
    build.onResolve({ filter: /^all:/ }, ({ path, kind }) => ({
      path,
      namespace: "all",
      pluginData: kind === "import-rule" ? "css" : "ts",
    }));
    build.onLoad({ filter: /.*/, namespace: "all" }, ({ path, pluginData: loader }) => ({
      contents: imports(path, `.${loader}`),
      loader,
      resolveDir: folderOf(path),
      watchDirs: [folderOf(path)],
    }));
  },
};

export const forVite = {
  name: "all",
  resolveId: (id) => (id.startsWith("all:") ? `\0${id}` : undefined),
  load: (id) => (id.startsWith("\0all:") ? imports(id.slice(1)) : undefined),
};
