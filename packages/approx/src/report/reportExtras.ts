/**
 * What a report can show beside the account of the approximation itself: accuracies and comparisons that the caller
 * measured.
 */

/** One measurement of accuracy at one speed-up. */
export interface AccuracyPoint {
  /** Points of one series are joined by a line, in the order of their speed-ups. */
  readonly series: string;
  /** Theoretical speed-up over the counted layers. */
  readonly speedup: number;
  /** Share of images whose most probable class is right, 0…1. */
  readonly top1: number;
}

/** One way of approximating the same model, for the comparison table. Null stands for what was not measured. */
export interface ComparisonRow {
  readonly label: string;
  /** As settings.solver of the report, or the name of another method. */
  readonly solver: string;
  readonly reconstruction: string;
  /** How the ranks were chosen, or the ranks. */
  readonly ranks: string;
  readonly speedup: number;
  /** Shares of images, 0…1. */
  readonly top1: number | null;
  readonly top3: number | null;
  /** As outputError and outputAgreement of the report. */
  readonly outputError: number | null;
  readonly agreement: number | null;
  readonly seconds: number;
  /** True for the model that was written, the one this report is about. */
  readonly written?: boolean;
}

/** Everything optional; a part without data is left out of the page. */
export interface ReportExtras {
  /** Heading and title of the page; the model's name by default. */
  readonly title?: string;
  readonly accuracy?: readonly AccuracyPoint[];
  /** The original model: `top1` as a share of images, 0…1. */
  readonly baseline?: { readonly label: string; readonly top1: number };
  /** Paragraphs of plain text. */
  readonly notes?: readonly string[];
  /** The accuracy after approximation in the headline is that of the row with `written`. */
  readonly comparison?: readonly ComparisonRow[];
}
