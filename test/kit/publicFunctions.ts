/** The functions a package's index.ts exports, with the doc comment before each. */

import { posix } from 'node:path';
import { listFiles, readSource } from './repository.ts';
import { lineAt, stripComments } from './sourceText.ts';

export interface PublicFunction {
  readonly name: string;
  /** File that declares it, relative to the repository. */
  readonly path: string;
  readonly line: number;
  /** Text of the doc comment that ends right before it, or '' when there is none. */
  readonly doc: string;
}

const reexport = /export\s*\{([^}]*)\}\s*from\s*'([^']+)'/g;

/** Functions, and constants that hold functions, which packages/<name>/src/index.ts re-exports by name. */
export function publicFunctions(packageName: string): PublicFunction[] {
  const folder = `packages/${packageName}/src`;
  const code = stripComments(readSource(`${folder}/index.ts`).text);
  const found: PublicFunction[] = [];
  for (const match of code.matchAll(reexport)) {
    const path = posix.join(folder, match[2] ?? '');
    if (!listFiles([folder]).includes(path)) throw new Error(`${folder}/index.ts: ${path} does not exist`);
    for (const item of (match[1] ?? '').split(',')) {
      const name = item.trim().split(/\s+as\s+/)[0] ?? '';
      if (name === '' || name.startsWith('type ')) continue;
      const declared = findFunction(path, readSource(path).text, name);
      if (declared !== undefined) found.push(declared);
    }
  }
  return found;
}

/** The first declaration of an exported function called `name` (of several overloads, the first), if it is one. */
export function findFunction(path: string, source: string, name: string): PublicFunction | undefined {
  const code = stripComments(source, { strings: true });
  const declaration = new RegExp(
    `^export (?:async )?function\\s*\\*?\\s*${name}\\b|^export const ${name}\\b[^=]*=\\s*(?:async\\s*)?(?:function\\b|<|\\(|\\w+\\s*=>)`,
    'm',
  ).exec(code);
  if (declaration === null) return undefined;
  const doc = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*$/.exec(source.slice(0, declaration.index))?.[1] ?? '';
  return { name, path, line: lineAt(source, declaration.index), doc: doc.trim() };
}
