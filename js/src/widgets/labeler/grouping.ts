/** With more classes than this, their buttons are smaller and in groups, and the recent ones come first. */
export const MANY = 12;

/** Classes that share the part of their name before "/" or ": "; "" for those that share none. */
export type ClassGroup = { heading: string; codes: number[] };

// Only plain words are a heading: "<b/" is a part of its name.
const PREFIX = /^([\p{L}\p{N}][\p{L}\p{M}\p{N} _&-]*?)(?:\/|: )(?=.)/u;

const prefixOf = (name: string): string => PREFIX.exec(name)?.[1].trim() ?? "";

/** The name of a class under the heading of its group. */
export const nameWithin = (name: string, heading: string): string =>
  heading ? name.replace(PREFIX, "").trim() : name;

/** Groups of classes in the order of their first class, and then all others; one group if no name shares a prefix. */
export function groupsOf(names: readonly string[]): ClassGroup[] {
  const groups = new Map<string, number[]>();
  for (const [code, name] of names.entries()) {
    const prefix = prefixOf(name);
    groups.set(prefix, [...(groups.get(prefix) ?? []), code]);
  }
  const shared = [...groups].filter(([heading, codes]) => heading && codes.length > 1);
  const grouped = new Set(shared.flatMap(([, codes]) => codes));
  const others = [...names.keys()].filter((code) => !grouped.has(code));
  const found = shared.map(([heading, codes]) => ({ heading, codes }));
  return others.length ? [...found, { heading: "", codes: others }] : found;
}

/** How many classes the row of recent ones has. */
const MOST = 4;

/** Classes used last, by id, each with the number of the use. */
export type Recent = readonly { id: string; at: number }[];

/** Adds a use. A new class takes the place of the one not used for longest, so that the others stay in place. */
export function used(recent: Recent, id: string): Recent {
  const at = Math.max(0, ...recent.map((one) => one.at)) + 1;
  const now = { id, at };
  if (recent.some((one) => one.id === id)) return recent.map((one) => (one.id === id ? now : one));
  if (recent.length < MOST) return [...recent, now];
  const oldest = Math.min(...recent.map((one) => one.at));
  return recent.map((one) => (one.at === oldest ? now : one));
}

/** Recent classes as they were saved; none if they cannot be read. */
export function recentFrom(saved: string | null): Recent {
  try {
    const found: unknown = JSON.parse(saved ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one?.id === "string" && one.at > 0) : [];
  } catch {
    return [];
  }
}
