/**
 * The program as a process of its own, from source: what packages/cli/bin/rankwise.js is to the built package. Says `listening` on
 * stderr as soon as an interrupt would be heard.
 */

import { main, processTerminal } from '@rankwise/cli';

const terminal = processTerminal();

process.exitCode = await main(process.argv.slice(2), {
  ...terminal,
  onInterrupt: (listener) => {
    const stopListening = terminal.onInterrupt(listener);
    terminal.stderr.write('listening\n');
    return stopListening;
  },
});
