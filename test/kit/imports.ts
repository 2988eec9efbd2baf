/** The import and export statements of a source file, and the cycles among files that they make. */

import { posix } from 'node:path';
import type { SourceFile } from './repository.ts';
import { lineAt, stripComments } from './sourceText.ts';

export interface ImportStatement {
  /** What stands between the quotes. */
  readonly specifier: string;
  /** Erased by the compiler: `import type …`, `export type … from`, or a list in which every name is marked `type`. */
  readonly typeOnly: boolean;
  readonly line: number;
}

const staticImport = /(?:^|[;}\n])\s*(import|export)\b([^;'"`()]*?)(?:\bfrom\s*)?(['"])([^'"\n]+)\3/g;
const dynamicImport = /\bimport\s*\(\s*(['"`])([^'"`\n]+)\1/g;

/** Every statement or call of the file that loads another module. */
export function importsOf(source: string): ImportStatement[] {
  const code = stripComments(source);
  const found: ImportStatement[] = [];
  for (const match of code.matchAll(staticImport)) {
    const [whole, keyword = '', clause = '', , specifier = ''] = match;
    // `export const text = 'value'` has a quoted string but loads nothing; re-exports always say `from`.
    if (keyword === 'export' && !/\bfrom\s*['"]/.test(whole)) continue;
    found.push({ specifier, typeOnly: isTypeOnly(clause), line: lineAt(code, match.index + whole.length) });
  }
  for (const match of code.matchAll(dynamicImport)) {
    found.push({ specifier: match[2] ?? '', typeOnly: false, line: lineAt(code, match.index) });
  }
  return found.toSorted((a, b) => a.line - b.line);
}

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/.test(clause)) return true;
  const list = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
  if (list === undefined) return false;
  const names = list.split(',').filter((name) => name.trim() !== '');
  return names.length > 0 && names.every((name) => /^\s*type\s/.test(name));
}

/**
 * The groups of files that import one another in a circle, by Tarjan's strongly connected components (SIAM J. Comput. 1972).
 * Type-only imports do not count: nothing of them is left at run time, so they cannot upset the order of initialisation.
 */
export function importCycles(files: readonly SourceFile[]): string[][] {
  const known = new Set(files.map((file) => file.path));
  const edges = new Map<string, string[]>();
  for (const file of files) {
    const targets = importsOf(file.text)
      .filter((statement) => !statement.typeOnly && statement.specifier.startsWith('.'))
      .map((statement) => posix.join(posix.dirname(file.path), statement.specifier));
    edges.set(
      file.path,
      targets.filter((target) => known.has(target)),
    );
  }
  return stronglyConnected(edges).filter(
    (group) => group.length > 1 || edges.get(group[0] ?? '')?.includes(group[0] ?? ''),
  );
}

function stronglyConnected(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const groups: string[][] = [];
  const visit = (node: string): number => {
    const mine = index.size;
    index.set(node, mine);
    stack.push(node);
    let lowest = mine;
    for (const target of edges.get(node) ?? []) {
      if (!index.has(target)) lowest = Math.min(lowest, visit(target));
      else if (stack.includes(target)) lowest = Math.min(lowest, index.get(target) ?? mine);
    }
    low.set(node, lowest);
    if (lowest === mine) groups.push(stack.splice(stack.indexOf(node)).toSorted());
    return lowest;
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return groups;
}
