/** A query of the find field for one condition; null if the value cannot be written in a query. */
export function condition(field: string, value: string): string | null {
  if (/^[^\s"]\S*$/.test(value)) return `${field}:${value}`;
  return value.includes('"') || !value ? null : `${field}:"${value}"`;
}

/** A query, and the order in which the list shows what is found. */
export type Wanted = { text: string; by?: string; down?: boolean };
