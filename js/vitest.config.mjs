import { defineConfig } from "vitest/config";
import { forVite } from "./glob.mjs";

export default defineConfig({ plugins: [forVite] });
