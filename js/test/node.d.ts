interface ImportMeta {
  /** Vite's, as far as test/viewers.ts needs it. */
  glob<M>(pattern: string, options: { eager: true }): Record<string, M>;
}
// The little of Node that a test reads files with; its types are no dependency for that.
declare module "node:fs" {
  export function existsSync(path: string): boolean;
  export function readFileSync(path: string, encoding: "utf8"): string;
  export function readdirSync(path: string, options: { recursive?: boolean; encoding: "utf8" }): string[];
}
declare module "node:url" {
  export function fileURLToPath(url: URL): string;
}
