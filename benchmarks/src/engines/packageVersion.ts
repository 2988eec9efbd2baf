/** The version of an installed peer, for the report. */

import { readFile } from 'node:fs/promises';

/** @throws Error when the package is not installed. */
export async function packageVersion(name: string): Promise<string> {
  const manifest: unknown = JSON.parse(
    await readFile(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8'),
  );
  const version = typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : '';
  return String(version);
}
