/**
 * A record by layer name that has nothing but its own entries: a layer may be called `constructor`.
 *
 * Every record that a caller gives goes through here before it is looked into.
 */
export function ownRecord<T>(
  entries: Readonly<Record<string, T>> | Iterable<readonly [string, T]> = {},
): Record<string, T> {
  const result: Record<string, T> = Object.create(null);
  const pairs = Symbol.iterator in entries ? entries : Object.entries(entries);
  for (const [name, value] of pairs) result[name] = value;
  return result;
}
