/** Pages in a headless Chromium, where there is one: a small server for built packages, and one page at a time. */

import { spawn, spawnSync } from 'node:child_process';
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
    { stdio: 'ignore' },
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
    browser.kill();
    await closed;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
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
