/** The rankwise command, and the parts of it that scripts of one's own may use. */

export { main } from './main.ts';
export { processTerminal } from './terminal.ts';
export type { Output, Terminal } from './terminal.ts';
export { CommandError, UsageError, exitCodes } from './failures.ts';
export { isZooModel, openModel } from './modelArgument.ts';
export { defaultThreads, describeKernels, kernelChoices, openKernels } from './openKernels.ts';
export type { DisposableKernels, KernelChoice, OpenKernelsOptions, OpenedKernels, SimdPackage } from './openKernels.ts';
export { kernelsRecord, withKernels } from './withKernels.ts';
export type { KernelsRecord } from './withKernels.ts';
export { folderJournal } from './folderJournal.ts';
export type { FolderJournal } from './folderJournal.ts';
export { parseRanks } from './rankArgument.ts';
export type { RankArgument } from './rankArgument.ts';
export { readCifar10 } from './data/cifar10.ts';
export type { Cifar10 } from './data/cifar10.ts';
export { readIdx } from './data/idx.ts';
export { imageSourceFor } from './data/imageSet.ts';
export type { ImageSet, Labels } from './data/imageSet.ts';
export { openLabels } from './data/labels.ts';
export { imageFormatOf, openImages, readImages } from './data/openImages.ts';
export type { ImageFormat, OpenImagesOptions } from './data/openImages.ts';
export { gunzipBytes, readFileBytes } from './readFileBytes.ts';
export { checkWritable, isSameFile, writeFileAtomically } from './writeFileAtomically.ts';
export { createProgressBar, formatDuration, progressLine } from './progressBar.ts';
export type { ProgressBar } from './progressBar.ts';
export { formatCount, formatExtents, formatPercent, formatTable } from './table.ts';
export type { Column } from './table.ts';
