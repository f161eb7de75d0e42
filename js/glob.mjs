// `import "all:items"` is every module of src/items: a new kind is one file, and no list names it.
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SHARED = new Set(["index.ts", "registry.ts"]);
const folderOf = (id) => fileURLToPath(new URL(`src/${id.slice("all:".length)}/`, import.meta.url));
const imports = (id) =>
  readdirSync(folderOf(id))
    .filter((name) => name.endsWith(".ts") && !SHARED.has(name))
    .sort()
    .map((name) => `import ${JSON.stringify(folderOf(id) + name)};`)
    .join("\n");

export const forEsbuild = {
  name: "all",
  setup(build) {
    build.onResolve({ filter: /^all:/ }, ({ path }) => ({ path, namespace: "all" }));
    build.onLoad({ filter: /.*/, namespace: "all" }, ({ path }) => ({
      contents: imports(path),
      loader: "ts",
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
