import { registerItem } from "../src/items/index";
import type { ViewerModule } from "../src/items/registry";

/** Registers all kinds of items, also those that a widget loads when it needs them. */
const found = import.meta.glob<ViewerModule>("../src/viewers/*.ts", { eager: true });
for (const [path, { viewer }] of Object.entries(found))
  registerItem(path.replace(/^.*\/|\.ts$/g, ""), viewer);
