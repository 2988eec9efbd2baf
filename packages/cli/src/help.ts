/** The texts of --help, made from the commands' tables. */

import { commonOptions } from './options.ts';
import type { Command, OptionSpec } from './options.ts';

const width = 100;
const exitCodesText = `Exit codes: 0 done; 1 the work failed (unreadable file, bad content, unreachable speed-up, wrong report, interrupt);
2 bad usage (unknown option, missing argument, malformed number). Errors are one line on stderr;
with RANKWISE_DEBUG=1 a stack trace follows.`;

const modelText = `MODEL   a model file as written by 'rankwise approximate' or saveModel; or zoo:sppnet7, zoo:alexnet, zoo:vgg16
        (random weights); or the JSON file of a layer list with its .safetensors in the same folder`;

const imagesText = `IMAGES  IDX as of MNIST (its labels are found beside it), CIFAR-10 binary, .npy, or safetensors with 'images' and perhaps
        'labels'; IDX and CIFAR-10 may be gzipped, so may the others. The kind is told from the content.
        Arrays are [n, h, w], [n, h, w, c] or [n, c, h, w]: u8 (0…255, RGB or grey) goes through the model's
        preprocessing, f32 is taken as preprocessed already`;

/** Help for one command. */
export function commandHelp(command: Command): string {
  const usage = command.usage.map((line, index) => `${index === 0 ? 'Usage: ' : '       '}rankwise ${line}`);
  const specs = Object.entries({ ...command.options, ...commonOptions });
  const names = specs.map(([name, { argument, short }]) => {
    const long = `--${name}${argument === undefined ? '' : ` ${argument}`}`;
    return short === undefined ? `    ${long}` : `-${short}, ${long}`;
  });
  const indent = Math.max(...names.map((name) => name.length)) + 4;
  const options = specs.map(([, spec], index) => {
    const [first = '', ...rest] = wrap(describeOption(spec), width - indent);
    const lines = [
      `  ${(names[index] ?? '').padEnd(indent - 2)}${first}`,
      ...rest.map((line) => ' '.repeat(indent) + line),
    ];
    return lines.join('\n');
  });
  const models = command.operands.filter((operand) => operand !== 'MODEL');
  const alike = models.length === 0 ? [] : [`${models.join(' and ')} are each a MODEL:`];
  const operands = [...alike, modelText, ...(command.options['data'] === undefined ? [] : [imagesText])];
  const examples = command.examples.map(([comment, line]) => `  # ${comment}\n  ${line}`);
  return `${[
    usage.join('\n'),
    `${command.summary}.`,
    operands.join('\n'),
    `Options:\n${options.join('\n')}`,
    `Examples:\n${examples.join('\n')}`,
    exitCodesText,
  ].join('\n\n')}\n`;
}

/** Help for the whole program. */
export function generalHelp(commands: readonly Command[]): string {
  const longest = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(longest + 2)}${summary}`);
  return `${[
    'Usage: rankwise COMMAND …',
    'Makes trained convolutional networks cheaper to run, without retraining: each convolution is replaced by thinner ones.',
    `Commands:\n${list.join('\n')}`,
    "Options:\n  -h, --help     Print this help; after a command, the command's.\n  -V, --version  Print the version.",
    modelText,
    exitCodesText,
  ].join('\n\n')}\n`;
}

function describeOption({ text, fallback, otherwise }: OptionSpec): string {
  if (fallback !== undefined) return `${text} Default: ${fallback}.`;
  return otherwise === undefined ? text : `${text} Default: ${otherwise}.`;
}

function wrap(text: string, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
