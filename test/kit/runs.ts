/** How many random cases a property draws: `standard`, scaled by RANKWISE_TEST_RUNS / 100 (`npm run test:deep` sets 1,000). */
export function runs(standard = 100): number {
  return Math.max(1, Math.round((standard * Number(process.env['RANKWISE_TEST_RUNS'] ?? 100)) / 100));
}
