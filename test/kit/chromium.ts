/** Pages in a headless Chromium, where there is one: a small server for built packages, and one page at a time. */

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';

/** The command, or undefined where there is none. */
export const chromium: string | undefined = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (command) => spawnSync(command, ['--version']).status === 0,
);

export interface Page {
  /** Folder with packages/<name>/dist. */
  readonly root: string;
  /** Body of a module that ends in `report(value)`; `import('/packages/…')` works in it. */
  readonly script: string;
  /** More headers for every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Long for a page of a second: a busy machine starts a browser slowly. */
const patience = 60_000;

/** Runs the page's script and gives what it reported; rejects with its error. */
export async function runPage(command: string, page: Page): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), 'rankwise-chromium-'));
  let settle: ((reported: string) => void) | undefined;
  const reported = new Promise<string>((resolve) => (settle = resolve));
  const server = createServer((request, response) => answer(page, request, response, (body) => settle?.(body)));
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  // A server on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const browser = spawn(
    command,
    ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${profile}`, `http://localhost:${port}/`],
    // A process group of its own, so that its helpers end with it.
    { stdio: 'ignore', detached: true },
  );
  const closed = new Promise((resolve) => browser.once('close', resolve));
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no report within ${patience} ms`)), patience);
    });
    const { error, value } = JSON.parse(await Promise.race([reported, late])) as { error?: string; value?: unknown };
    if (error !== undefined) throw new Error(error);
    return value;
  } finally {
    clearTimeout(timer);
    endGroup(browser);
    await closed;
    server.closeAllConnections();
    server.close();
    removeProfile(profile);
  }
}

/** Ends the browser with the processes it started, which would go on writing to the profile. */
function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** The page has been judged by then: a file that a dying process still holds must not change that. */
function removeProfile(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  } catch (error) {
    console.warn(`${folder} was left behind: ${String(error)}`);
  }
}

function answer(page: Page, request: IncomingMessage, response: ServerResponse, report: (body: string) => void): void {
  const path = normalize(new URL(request.url ?? '/', 'http://page').pathname);
  if (request.method === 'POST') {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      report(Buffer.concat(chunks).toString());
      response.end();
    });
    return;
  }
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { ...page.headers, 'content-type': type });
    response.end(body);
  };
  if (path === '/') return send(200, 'text/html', html(page.script));
  try {
    const text = readFileSync(join(page.root, path), 'utf8');
    send(200, 'text/javascript', text.replaceAll(/'@rankwise\/(\w+)'/g, "'/packages/$1/dist/index.js'"));
  } catch {
    send(404, 'text/plain', 'not found');
  }
}

function html(script: string): string {
  return `<!doctype html><script type="module">
    const post = (body) => fetch('/report', { method: 'POST', body: JSON.stringify(body) });
    const report = (value) => post({ value });
    try { ${script} } catch (error) { post({ error: String(error) }); }
  </script>`;
}
