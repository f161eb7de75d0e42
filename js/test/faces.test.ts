import { expect, it } from "vitest";
import type { Item } from "../src/items/index";
import { Faces } from "../src/widgets/explorer/faces";

it("the central images of a group are requested once, and shown when all are here", async () => {
  const items = new Map<number, Item>();
  let wants = 0;
  const faces = new Faces(
    (row) => items.get(row),
    () => {
      wants++;
    },
  );
  const xy = new Float32Array([0, 0, 1, 0, 2, 0, 5, 5]);
  const groups = { of: Uint16Array.of(0, 0, 0, 1), names: ["group 1", "group 2"], hulls: [] };
  faces.setPlaces({ xy, groups, method: "umap", settled: true });
  expect([faces.of(0), faces.of(1), faces.of(0)]).toEqual([[], [], []]);
  await Promise.resolve();
  expect(wants).toBe(1);
  expect(faces.wanted.sort()).toEqual([0, 1, 2, 3]);
  const image = (row: number): Item => ({ content: { kind: "image" }, media: [`blob:${row}`], context: [] });
  for (const row of [0, 1, 3]) items.set(row, image(row));
  expect(faces.took([0, 1, 3, 9])).toBe(true);
  expect([faces.of(0), faces.of(1)]).toEqual([[], ["blob:3"]]);
  items.set(2, image(2));
  faces.took([2]);
  expect(faces.of(0)).toEqual(["blob:1", "blob:0", "blob:2"]);
  expect(faces.wanted).toEqual([]);
  expect(faces.took([2])).toBe(false);
  faces.setPlaces(null);
  expect(faces.of(0)).toEqual([]);
});
