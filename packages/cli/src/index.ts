export function main(args: string[]): Promise<number> {
  return Promise.resolve(args.length);
}
