/**
 * LAPACK and BLAS with one thread, through the numpy of a Python that is installed: Debian's python3-numpy brings OpenBLAS.
 *
 * A Python process (lapackServer.py) is kept and asked for one call at a time, so that its calls take turns with ours; it times
 * them by its own clock.
 */

import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Tensor } from '@rankwise/tensor';

import type { PreparedDecomposition, PreparedWorkload } from '../workloads/workload.ts';
import type { Engine, Job, NotMeasured } from './engine.ts';

/** The system's first: another one on the path may have no numpy, or one with a BLAS of its own. */
const candidates = ['/usr/bin/python3', 'python3', 'python'];
const oneThread = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

/** What the server answers; see lapackServer.py. */
interface Answer {
  readonly version?: string;
  readonly details?: string;
  readonly ms?: number;
  readonly data?: string;
  readonly error?: string;
}

interface Server {
  ask(request: object): Promise<Answer>;
  readonly hello: Answer;
  end(): void;
}

export async function createLapackEngine(): Promise<Engine | NotMeasured> {
  const python = candidates.find(hasNumpy);
  if (python === undefined) return { reason: `no Python with numpy among ${candidates.join(', ')}` };
  const server = await startServer(python);
  const { version = 'numpy', details = '' } = server.hello;
  const prepare = (prepared: PreparedWorkload): Promise<Job | NotMeasured> => {
    if ('model' in prepared) return Promise.resolve({ reason: 'no convolution' });
    if (prepared.workload.dtype === 'f32') return Promise.resolve({ reason: 'measured in f64 only' });
    // The workload's dtype is that of both operands.
    const operands = [prepared.a, prepared.b] as readonly Tensor<'f64'>[];
    return prepareJob(server, 'product', 0, operands);
  };
  const decompose = ({ workload: { routine, count }, a }: PreparedDecomposition): Promise<Job | NotMeasured> =>
    prepareJob(server, routine, count, [a]);
  return { name: 'lapack', version, threads: 1, details, prepare, decompose, dispose: () => server.end() };
}

async function prepareJob(
  server: Server,
  routine: string,
  count: number,
  operands: readonly Tensor<'f64'>[],
): Promise<Job | NotMeasured> {
  const matrices = operands.map(({ shape, data }) => ({ shape, data: Buffer.from(data.buffer).toString('base64') }));
  // The server holds one workload, and sets of this group have one.
  const { error } = await server.ask({ do: 'prepare', routine, count, matrices });
  if (error !== undefined) return { reason: error };
  const timedCall = async (): Promise<number> => expectAnswer(await server.ask({ do: 'call' })).ms ?? NaN;
  return {
    call: timedCall,
    timedCall,
    output: async () => {
      const bytes = Buffer.from(expectAnswer(await server.ask({ do: 'output' })).data ?? '', 'base64');
      return new Float64Array(new Uint8Array(bytes).buffer);
    },
    dispose: () => undefined,
  };
}

function expectAnswer(answer: Answer): Answer {
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

function hasNumpy(python: string): boolean {
  try {
    execFileSync(python, ['-c', 'import numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** @throws Error when the process ends early. */
async function startServer(python: string): Promise<Server> {
  const script = fileURLToPath(new URL('lapackServer.py', import.meta.url));
  const server = spawn(python, [script], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...oneThread },
  });
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<Answer> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${python} ended early`);
    // Written by lapackServer.py beside this file.
    return JSON.parse(line.value) as Answer;
  };
  const hello = await next();
  return {
    hello,
    ask: (request) => {
      server.stdin.write(`${JSON.stringify(request)}\n`);
      return next();
    },
    end: () => server.stdin.end(),
  };
}
