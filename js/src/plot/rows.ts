/** Rows of the pool, ascending and without duplicates. */
export type Rows = Uint32Array;

export const NO_ROWS: Rows = new Uint32Array(0);

export function rowsOf(rows: Iterable<number>): Rows {
  const sorted = Uint32Array.from(rows).sort();
  return sorted.filter((row, i) => i === 0 || row !== sorted[i - 1]);
}

/** The rows whose byte is not 0. */
export function marked(mask: Uint8Array): Rows {
  let n = 0;
  for (let i = 0; i < mask.length; i++) if (mask[i]) n++;
  const rows = new Uint32Array(n);
  for (let i = 0, k = 0; k < n; i++) if (mask[i]) rows[k++] = i;
  return rows;
}

/** The index of a row, or where it would be inserted. */
function search(rows: Rows, row: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle] < row) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const has = (rows: Rows, row: number): boolean => rows[search(rows, row)] === row;

export function union(a: Rows, b: Rows): Rows {
  const both = new Uint32Array(a.length + b.length);
  let [i, j, k] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const takeA = j >= b.length || a[i] <= b[j];
    const row = takeA ? a[i] : b[j];
    if (i < a.length && a[i] === row) i++;
    if (j < b.length && b[j] === row) j++;
    both[k++] = row;
  }
  return both.slice(0, k);
}

/** The rows that are in both. */
export function both(one: Rows, other: Rows): Rows {
  return one.filter((row) => has(other, row));
}

export function minus(a: Rows, b: Rows): Rows {
  let j = 0;
  return a.filter((row) => {
    while (j < b.length && b[j] < row) j++;
    return b[j] !== row;
  });
}
