/** The report that lies beside an approximated model: `small.safetensors` has `small.report.json`. */

const modelEnding = '.safetensors';

/** Where `approximate` writes the report of a model file, and where `verify` looks for it. */
export function reportFileFor(modelFile: string): string {
  const stem = modelFile.endsWith(modelEnding) ? modelFile.slice(0, -modelEnding.length) : modelFile;
  return `${stem}.report.json`;
}
