import { describe, expect, it } from "vitest";
import { groupsOf, nameWithin, type Recent, recentFrom, used } from "../src/widgets/labeler/grouping";

describe("groups of classes", () => {
  it("share what is before a slash or a colon", () => {
    const names = ["billing/refund", "praise", "billing/invoice", "bug: crash", "bug: layout", "a/b"];
    expect(groupsOf(names)).toEqual([
      { heading: "billing", codes: [0, 2] },
      { heading: "bug", codes: [3, 4] },
      { heading: "", codes: [1, 5] },
    ]);
    expect(nameWithin("billing/refund/late", "billing")).toBe("refund/late");
    expect(nameWithin("bug: crash", "bug")).toBe("crash");
    expect(nameWithin("a/b", "")).toBe("a/b");
  });

  it("are one under its heading where all names share it", () => {
    const names = Array.from({ length: 45 }, (_, i) => `group: ${i}`);
    expect(groupsOf(names)).toEqual([{ heading: "group", codes: [...names.keys()] }]);
  });

  it("are one where no name shares a prefix", () => {
    expect(groupsOf(["<b/>one", "<b/>two"])).toEqual([{ heading: "", codes: [0, 1] }]);
    expect(groupsOf(["km/h", "at 10:30", "/", ": x"])).toEqual([{ heading: "", codes: [0, 1, 2, 3] }]);
  });
});

describe("recent classes", () => {
  const ids = (recent: Recent): string => recent.map(({ id }) => id).join("");
  const using = (uses: string): Recent => [...uses].reduce(used, [] as Recent);

  it("stay in place, and a new one takes the place of the one not used for longest", () => {
    expect(ids(using("abcab"))).toBe("abc");
    expect(ids(using("abcdef"))).toBe("efcd");
    expect(ids(using("abcdaf"))).toBe("afcd");
  });

  it("are read back, and forgotten if they are damaged", () => {
    const recent = using("ab");
    expect(recentFrom(JSON.stringify(recent))).toEqual(recent);
    for (const bad of [null, "", "{", "{}", "[1, null]"]) expect(recentFrom(bad)).toEqual([]);
  });
});
